/** Discord as a chat platform: what the rest of Docent uses of it. */
export { createDiscordAdapter, type DiscordAdapterOptions } from './adapter.ts';
