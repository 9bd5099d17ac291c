/** docs/walkthrough.md, step by step as a new user: the command line, its own database, both fakes. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startFakeDiscord, visibleText } from './fakes/discord/index.ts';
import { botUser, startFakeSlack } from './fakes/slack/index.ts';
import { testBase } from './setup/base.ts';
import { type RunningCommand, runCommand, startCommand } from './setup/command.ts';

const handbook =
  '# Handbook\n\n## Leave\n\nYou have 28 days of leave in a year.\n\n## Hotels\n\nAt most 140 euros a night.\n';
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 50 });
const ends: (() => unknown)[] = [];
let models: string;
beforeAll(async () => {
  ({ folder: models } = await testBase());
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A fresh folder, as after `npm ci`; what is set here says only where the models and the fakes are. */
function newcomer(fakes: Readonly<Record<string, string>>) {
  const cwd = mkdtempSync(join(tmpdir(), 'docent-walk-'));
  ends.push(() => rmSync(cwd, { recursive: true, force: true }));
  const env = { DOCENT_HOME: join(cwd, '.docent'), DOCENT_MODELS_DIR: models, DOCENT_PORT: '0', ...fakes };
  return {
    run: (...args: string[]) => runCommand(args, { cwd, env }),
    async setup(platform: 'slack' | 'discord', typed: readonly string[]): Promise<RunningCommand> {
      const command = startCommand(['setup', platform], { cwd, env });
      command.child.stdin!.end(`${typed.join('\n')}\n`);
      expect(await command.ended()).toBe(0);
      return command;
    },
    async start(connected: RegExp): Promise<void> {
      const command = startCommand(['start'], { cwd, env });
      ends.push(async () => {
        if (command.child.exitCode !== null) return;
        const gone = once(command.child, 'exit');
        command.child.kill('SIGTERM');
        await gone;
      });
      await command.prints(connected);
    },
  };
}

test('Slack: setup, start, invite, share, ask, ask on', async () => {
  const slack = await startFakeSlack();
  ends.push(() => slack.close());
  const anna = slack.addUser('UANNA', { is_admin: true });
  const general = slack.addChannel('CGENERAL', { name: 'general' }, [anna.id]);
  const you = newcomer({ SLACK_API_URL: slack.environment.SLACK_API_URL });

  const { SLACK_BOT_TOKEN: bot, SLACK_APP_TOKEN: app } = slack.environment;
  const setup = await you.setup('slack', ['xoxb-mistyped', bot, app, general.id]);
  expect(setup.stdout()).toMatch(/new_app=1.*✗ .*✓ Acme.*socket mode works.*hello posted/s);

  await you.start(/Slack: connected to Acme as @docent/);
  slack.event({ type: 'member_joined_channel', channel: general.id, user: botUser, inviter: anna.id });
  await eventually(() =>
    expect(slack.said(general.id).map(({ text }) => text)).toContainEqual(expect.stringMatching(/^Hello!/)),
  );

  const shared = slack.say(general, anna, '', { files: [{ name: 'handbook.md', content: handbook }] });
  const said = (thread: string) => slack.said(general.id).filter(({ thread_ts }) => thread_ts === thread);
  await eventually(() => expect(said(shared.ts)[0]?.text).toMatch(/✓ handbook\.md: learned 2 sections/));

  const question = slack.say(general, anna, `<@${botUser}> how many days of leave do I have?`);
  await eventually(() => expect(said(question.ts)[0]?.text).toMatch(/28 days.*Source.*handbook\.md › Leave/s));
  expect(JSON.stringify(said(question.ts)[0]?.blocks)).toContain('feedback_buttons');
  slack.say(general, anna, 'And what may a hotel cost per night?', { thread: question.ts });
  await eventually(() => expect(said(question.ts)[1]?.text).toMatch(/140 euros/));

  const doctor = await you.run('doctor');
  expect(doctor.stdout).toMatch(/Slack/);
});

test('Discord: setup, start, upload, ask', async () => {
  const discord = await startFakeDiscord();
  ends.push(() => discord.stop());
  const guild = discord.world.addGuild('Acme');
  const ada = discord.join(guild, 'ada');
  const hall = discord.world.addTextChannel(guild, 'hall');
  const you = newcomer({ DISCORD_API_URL: discord.apiUrl, DISCORD_CDN_URL: discord.cdnUrl });

  const setup = await you.setup('discord', ['mistyped', discord.token, hall.id]);
  expect(setup.stdout()).toMatch(/✗ .*✓ .*client_id=\d+.*hello posted/s);

  await you.start(/Discord: connected/);
  const upload = discord.command(hall, ada, 'upload', { file: { name: 'handbook.md', bytes: handbook } });
  await eventually(() => expect(visibleText(upload.original!)).toMatch(/✓ handbook\.md: learned 2 sections/));
  const ask = discord.command(hall, ada, 'ask', { question: 'How many days of leave do I have?' });
  await eventually(() => expect(visibleText(ask.original!)).toMatch(/28 days.*handbook\.md › Leave/s));
});
