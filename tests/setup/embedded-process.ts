/** A process that uses the embedded PostgreSQL of DOCENT_HOME until it is told to stop, or killed. */
import { pino } from 'pino';
import { startEmbedded } from '../../src/store/embedded/index.ts';

const server = await startEmbedded({ home: process.env.DOCENT_HOME!, log: pino({ level: 'fatal' }) });
process.send?.({ startedHere: server.startedHere });
process.on('message', async () => {
  await server.stop();
  process.exit(0);
});
