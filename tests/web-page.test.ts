/** The page in a real browser, over the real server with in-memory collaborators. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createConsoleServer } from './fakes/console-server.ts';
import { answers, ask, askBox, browserPath, describeWebPage, launch, openPage, whySkipped } from './web-scenarios.ts';

/** The page as the sources are now, so that a stale build cannot pass. */
let pageFolder: string;
beforeAll(async () => {
  if (!browserPath) return;
  pageFolder = await mkdtemp(join(tmpdir(), 'docent-page-'));
  await build({ logLevel: 'error', build: { outDir: pageFolder, emptyOutDir: true } });
});
afterAll(async () => {
  if (pageFolder) await rm(pageFolder, { recursive: true, force: true });
});

const file = (name: string, mimeType: string, text: string) => ({ name, mimeType, buffer: Buffer.from(text) });
const travel = file(
  'travel.md',
  'text/markdown',
  '# Travel\n\n## Hotels\n\nThe hotel budget is 140 euros per night.\n\n## Trains\n\nTrain tickets are booked 14 days before the journey.\n',
);
const garden = file(
  'garden.html',
  'text/html',
  '<html><body><h1>Garden</h1>\n<p>The roof garden closes at 21 o’clock in summer.</p></body></html>',
);
const prices = file('prices.csv', 'text/csv', 'item,price\ncoffee,2 euros\ntea,1 euro\n');

describeWebPage(
  'the page',
  async () => {
    const { server, close } = await createConsoleServer({}, { pageFolder });
    return { url: (await server.start()).url, stop: close };
  },
  {
    files: [travel, garden, prices],
    question: { text: 'What is the hotel budget per night?', answer: /140 euros/, source: 'travel.md' },
    followUp: { text: 'And when are train tickets booked?', answer: /14 days/ },
    unanswerable: 'Who won the football championship?',
    sample: { text: 'How many days of paid leave do full-time employees get?', answer: /27 days/ },
  },
  15_000,
);

describe.skipIf(!browserPath)(`the page and its server${whySkipped}`, () => {
  let browser: Browser;
  let context: BrowserContext;
  let it: Awaited<ReturnType<typeof createConsoleServer>>;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    it = await createConsoleServer({}, { pageFolder });
    context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    ({ page, complaints } = await openPage(context, (await it.server.start()).url));
  });
  afterEach(async () => {
    await context.close();
    await it.close();
    expect(complaints).toEqual([]);
  });

  const upload = (...files: (typeof travel)[]) => page.locator('input[type=file]').first().setInputFiles(files);
  const lines = () => page.getByLabel('Uploads').locator('.line');

  test('each file has its own line, and one bad file holds up nobody', async () => {
    it.fake.reading.close();
    await upload(travel, file('empty.txt', 'text/plain', ' '), file('tool.exe', 'application/x-msdownload', 'MZ'));
    await expect.poll(() => lines().allInnerTexts()).toEqual(['Reading…', 'Waiting', 'Waiting']);
    it.fake.reading.open();
    await expect
      .poll(() => lines().allInnerTexts())
      .toEqual([
        'Learned 3 sections',
        expect.stringMatching(/^empty\.txt is empty\./),
        expect.stringMatching(/^tool\.exe is a kind of file that Docent does not read/),
      ]);
    await page.getByRole('button', { name: 'Dismiss tool.exe' }).click();
    expect(await lines().count()).toBe(2);
    await upload(travel);
    await expect.poll(() => lines().first().textContent()).toBe('Already known, nothing changed');
  });

  test('files dropped anywhere are taken', async () => {
    const drop = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['# Dropped\n\nDropped words.\n'], 'dropped.md'));
      return data;
    });
    await page.dispatchEvent('body', 'dragenter', { dataTransfer: drop });
    await page.getByText('Drop files to add them').waitFor();
    await page.dispatchEvent('body', 'drop', { dataTransfer: drop });
    await expect.poll(() => lines().allInnerTexts()).toEqual(['Learned 1 section']);
    expect(await page.getByText('Drop files to add them').count()).toBe(0);
  });

  test('what a document says is shown as text, never run', async () => {
    const nasty = '<img src=x onerror="hit=1"> <script>hit=2</script> pays 77 euros per month.';
    await upload(file('<b>bold</b>.md', 'text/markdown', `# <i>Salary</i>\n\nEverybody ${nasty}\n`));
    await expect.poll(() => lines().allInnerTexts()).toEqual(['Learned 1 section']);
    await ask(page, 'How many euros does everybody get per month?');
    await answers(page).first().waitFor();
    expect(await answers(page).first().locator('blockquote').textContent()).toContain('<script>hit=2</script>');
    await answers(page).first().locator('figcaption a').click();
    await page.locator('.document-text mark').first().waitFor();
    expect(await page.evaluate(() => 'hit' in globalThis)).toBe(false);
    expect(await page.locator('main img, aside img, aside script, aside b, aside i').count()).toBe(0);
  });

  test('progress is shown, an answer can be stopped, and a failed one asked again without being asked twice', async () => {
    it.fake.answering.close();
    await ask(page, 'What is the hotel budget?');
    await page.getByText('Reading 4 passages…').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('Stopped before there was an answer').waitFor();
    await expect.poll(() => it.fake.cancelled()).toBe(1);
    it.fake.answering.open();
    it.fake.failNext(new Error('inside'));
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText(/^Something went wrong on my side/).waitFor();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByTestId('not-found').waitFor();
    expect(new Set(it.fake.questions.map((question) => question.messageKey)).size).toBe(1);
    expect(new Set(it.fake.questions.map((question) => question.thread)).size).toBe(1);
  });

  test('follow-ups share a thread, a new conversation begins another', async () => {
    for (const [i, question] of ['First question?', 'Second question?'].entries()) {
      await ask(page, question);
      await page.getByTestId('not-found').nth(i).waitFor();
    }
    await page.getByRole('button', { name: 'New conversation' }).click();
    await ask(page, 'Third question?');
    await page.getByTestId('not-found').waitFor();
    const [first, second, third] = it.fake.questions.map((question) => question.thread);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test('a vote is sent and can be changed', async () => {
    await upload(travel);
    await expect.poll(() => lines().allInnerTexts()).toEqual(['Learned 3 sections']);
    await ask(page, 'What is the hotel budget per night?');
    await page.getByRole('button', { name: 'This answer is wrong' }).click();
    await page.getByText('Thanks, noted.').waitFor();
    await page.getByRole('button', { name: 'This answer is right' }).click();
    await expect.poll(() => it.fake.votes.map(({ vote }) => vote)).toEqual([-1, 1]);
    const pressed = page.getByRole('button', { name: 'This answer is right' });
    expect(await pressed.getAttribute('aria-pressed')).toBe('true');
  });

  test('a wrong answer is put right, in the document’s words or as a document of its own', async () => {
    await upload(travel);
    await expect.poll(() => lines().allInnerTexts()).toEqual(['Learned 3 sections']);
    await page.getByText('Learning: not begun yet.').waitFor();
    await ask(page, 'What is the hotel budget per night?');
    const wrong = page.getByRole('button', { name: 'This answer is wrong' });
    const right = page.getByLabel('What would be right, in the document’s words?');
    await wrong.click();
    expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'No, thanks' }).click();
    await right.waitFor({ state: 'detached' });
    await wrong.click();
    await right.fill('140 euros');
    await page.getByLabel('What is wrong with it?').fill('It is too long');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('once an admin approves it').waitFor();
    expect(it.fake.votes.at(-1)).toMatchObject({ vote: -1, correction: '140 euros', reason: 'It is too long' });
    await wrong.click();
    await right.fill('Ask the travel desk.');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Keep it as a document' }).click();
    await expect.poll(() => it.fake.uploads.at(-1)?.path).toMatch(/^correction-[-\d]+\.md$/);
  });

  test('says what is not ready, and goes on by itself', async () => {
    it.fake.setChecks([{ name: 'model', ok: false, detail: 'loading' }]);
    await page.reload();
    await page.getByText('Not ready yet: model (loading)').waitFor();
    it.fake.setChecks([{ name: 'model', ok: true, detail: 'loaded' }]);
    await page.getByText('Not ready yet').waitFor({ state: 'detached' });
  });

  test('a text that is too long is refused before it is sent', async () => {
    await askBox(page).fill('x'.repeat(4001));
    await page.getByText('4,001 of 4,000 characters').waitFor();
    expect(await page.getByRole('button', { name: 'Ask', exact: true }).isDisabled()).toBe(true);
  });

  test('every control has a name, on a wide and on a narrow screen', async () => {
    await upload(travel);
    await ask(page, 'What is the hotel budget per night?');
    await page.locator('.card').waitFor();
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      const nameless = await page.locator('button:visible, a:visible, textarea:visible').evaluateAll((controls) =>
        controls
          .filter((control) => {
            const labels = (control as HTMLTextAreaElement).labels;
            return !(control.getAttribute('aria-label') || control.textContent?.trim() || labels?.length);
          })
          .map((control) => control.outerHTML),
      );
      expect(nameless).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    }
    await page.getByRole('link', { name: /^Documents/ }).click();
    await page.getByRole('heading', { name: 'Documents' }).waitFor();
    await askBox(page).waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'Back to the conversation' }).click();
    await askBox(page).waitFor({ state: 'visible' });
  });

  test('off loopback the page asks for the token first', async () => {
    const guarded = await createConsoleServer(
      { DOCENT_HOST: '0.0.0.0', DOCENT_TOKEN: 'correct-horse' },
      { pageFolder },
    );
    try {
      await page.goto((await guarded.server.start()).url);
      await page.getByLabel('Token').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('That is not the token').waitFor();
      await page.getByLabel('Token').fill('correct-horse');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Ask your documents' }).waitFor();
    } finally {
      await guarded.close();
    }
  });
});
