/** The database goes away while people ask: the chat says so, and goes on by itself. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { botUser, type FakeSlack, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type ChatProduct, chatProduct } from './setup/chat-product.ts';
import { type TestStore, testStore } from './setup/database.ts';

/** A TCP address for the database's Unix socket, which can be cut. */
async function startProxy(socketPath: string) {
  const open = new Set<Socket>();
  let cut = false;
  const server: Server = createServer((client) => {
    if (cut) return client.destroy();
    const upstream = connect(socketPath);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    }
    client.pipe(upstream).on('close', () => client.destroy());
    upstream.pipe(client).on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      cut = true;
      for (const socket of open) socket.destroy();
    },
    restore: () => {
      cut = false;
    },
    close: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

let place: TestStore;
let slack: FakeSlack;
let proxy: Awaited<ReturnType<typeof startProxy>>;
let product: ChatProduct;

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

beforeAll(async () => {
  const { folder } = await testBase();
  place = await testStore();
  slack = await startFakeSlack();
  slack.addUser('UANNA');
  slack.addChannel('CGENERAL', {}, ['UANNA']);
  const { connection } = inject('database');
  proxy = await startProxy(`${connection.host}/.s.PGSQL.${connection.port}`);
  product = chatProduct(place, folder, {
    ...slack.environment,
    DATABASE_URL: `postgresql://${connection.user}@127.0.0.1:${proxy.port}/${place.database.name}`,
  });
  await product.start();
});
afterAll(async () => {
  await product?.kill();
  proxy?.close();
  await slack?.close();
  await place?.dispose();
});

const replies = (ts: string) => slack.said('CGENERAL').filter(({ thread_ts }) => thread_ts === ts);

test('a question asked while the database is away is told so, and answered once when it is back', async () => {
  const channel = slack.channels.get('CGENERAL')!;
  const anna = slack.users.get('UANNA')!;
  const file = { name: 'travel.md', content: '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n' };
  const shared = slack.say(channel, anna, '', { files: [file] });
  await eventually(() => expect(replies(shared.ts)[0]?.text).toMatch(/learned/));

  proxy.cut();
  const asked = slack.say(channel, anna, `<@${botUser}> What is the hotel budget per night?`);
  await eventually(() =>
    expect(replies(asked.ts).map(({ text }) => text)).toEqual([expect.stringMatching(/database is away/)]),
  );
  proxy.restore();
  await eventually(() =>
    expect(replies(asked.ts).map(({ text }) => text)).toEqual([expect.stringMatching(/140 euros/)]),
  );
  expect(product.process().exitCode).toBeNull();
});
