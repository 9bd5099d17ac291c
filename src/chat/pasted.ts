/**
 * Names for texts that a person pasted rather than named. Slack calls every snippet without a title `Untitled`, Discord
 * every message that was too long `message.txt`: under those names each would replace the one before.
 */

const unnamed = /^(?:-|untitled|message|)(\.\w{1,8})?$/i;

/**
 * @param id the platform's id of the file, so that two of one day differ
 * @returns `name` where a person chose it, else e.g. `message 2026-11-25 7KQ2AB.txt`
 */
export function nameOfPasted(name: string, sharedAt: Date, id: string): string {
  const match = unnamed.exec(name);
  if (!match) return name;
  return `message ${sharedAt.toISOString().slice(0, 10)} ${id.slice(-6)}${match[1] ?? '.txt'}`;
}
