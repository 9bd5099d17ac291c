/**
 * What a person does on the page, in a real browser. `describeWebPage` runs it against any server: the real one over
 * in-memory collaborators (web-page.test.ts), or the whole product.
 */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

export const browserPath = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path));

export const whySkipped = browserPath ? '' : ' (skipped: no Chromium here; install it or set CHROMIUM_PATH)';

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserPath!,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** A fresh page that collects what a browser complains about: script errors, refused content. */
export async function openPage(context: BrowserContext, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

export const askBox = (page: Page): Locator => page.getByLabel('Your question');
export const answers = (page: Page): Locator => page.getByTestId('answer');
export const notFound = (page: Page): Locator => page.getByTestId('not-found');

export async function ask(page: Page, question: string): Promise<void> {
  await askBox(page).fill(question);
  await askBox(page).press('Enter');
}

export interface WebPageFacts {
  /** Files of different types; the first two answer `question` and `followUp`. */
  readonly files: readonly { readonly name: string; readonly mimeType: string; readonly buffer: Buffer }[];
  readonly question: { readonly text: string; readonly answer: RegExp; readonly source: string };
  readonly followUp: { readonly text: string; readonly answer: RegExp };
  readonly unanswerable: string;
  /** The first question of the sample handbook and what must stand in its answer. */
  readonly sample: { readonly text: string; readonly answer: RegExp };
}

/**
 * @param start A server with an empty home, fresh for each call.
 * @param answerTimeoutMs How long one answer may take on the slowest machine that runs this.
 */
export function describeWebPage(
  name: string,
  start: () => Promise<{ readonly url: string; stop(): Promise<void> }>,
  facts: WebPageFacts,
  answerTimeoutMs = 60_000,
): void {
  describe.skipIf(!browserPath)(`${name}${whySkipped}`, () => {
    let browser: Browser;
    let context: BrowserContext;
    let server: Awaited<ReturnType<typeof start>>;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      browser = await launch();
    });
    afterAll(() => browser?.close());
    beforeEach(async () => {
      server = await start();
      context = await browser.newContext();
      context.setDefaultTimeout(answerTimeoutMs);
      ({ page, complaints } = await openPage(context, server.url));
    });
    afterEach(async () => {
      await context?.close();
      await server?.stop();
      expect(complaints).toEqual([]);
    });

    const upload = (files: WebPageFacts['files']) =>
      page
        .locator('input[type=file]')
        .first()
        .setInputFiles([...files]);
    const learned = () => page.getByLabel('Uploads').getByText(/^Learned \d+ section/);

    test('an empty page gives its first answer after one click', async () => {
      await page.getByRole('button', { name: facts.sample.text }).click();
      const answer = answers(page).first();
      await answer.waitFor();
      expect(await answer.textContent()).toMatch(facts.sample.answer);
      const quote = (await answer.locator('blockquote').first().textContent()) ?? '';
      await answer.locator('figcaption a').first().click();
      const mark = page.locator('.document-text mark').first();
      await mark.waitFor();
      const marked = (await page.locator('.document-text mark').allInnerTexts()).join('');
      expect(marked.replace(/\s+/g, ' ')).toBe(quote.replace(/\s+/g, ' '));
      await expect.poll(() => mark.isVisible()).toBe(true);
    });

    test('three files, a question, a follow-up, and one that nothing answers', async () => {
      await upload(facts.files);
      await expect.poll(() => learned().count(), { timeout: answerTimeoutMs }).toBe(facts.files.length);
      expect(await page.getByRole('list', { name: 'Documents' }).getByRole('listitem').count()).toBe(
        facts.files.length,
      );

      await ask(page, facts.question.text);
      await answers(page).nth(0).waitFor();
      expect(await answers(page).nth(0).textContent()).toMatch(facts.question.answer);
      expect(await answers(page).nth(0).locator('figcaption').first().textContent()).toContain(facts.question.source);

      await ask(page, facts.followUp.text);
      await answers(page).nth(1).waitFor();
      expect(await answers(page).nth(1).textContent()).toMatch(facts.followUp.answer);

      await ask(page, facts.unanswerable);
      await notFound(page).waitFor();
      expect(await notFound(page).textContent()).toContain('Not in the documents');
      expect(await answers(page).count()).toBe(2);
    });

    test('the keyboard is enough', async () => {
      await upload(facts.files);
      await expect.poll(() => learned().count(), { timeout: answerTimeoutMs }).toBe(facts.files.length);
      await page.reload();
      await askBox(page).waitFor();
      await page.keyboard.press('Tab'); // the skip link
      await page.keyboard.press('Enter');
      await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('question');
      await page.keyboard.type(facts.question.text);
      await page.keyboard.press('Shift+Enter');
      expect(await askBox(page).inputValue()).toBe(`${facts.question.text}\n`);
      await page.keyboard.press('Enter');
      await answers(page).first().waitFor();
      expect(await askBox(page).inputValue()).toBe('');

      // Back from the box to the source of the answer.
      const source = answers(page).first().locator('figcaption a').first();
      const onSource = () => source.evaluate((link) => link === document.activeElement);
      for (let i = 0; i < 12 && !(await onSource()); i++) await page.keyboard.press('Shift+Tab');
      expect(await onSource()).toBe(true);
      await page.keyboard.press('Enter');
      await page.locator('.document-text mark').first().waitFor();
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('reader-heading');
      await page.keyboard.press('Escape');
      await expect.poll(onSource).toBe(true);
    });

    test('a document is deleted after a second look, and its words go from the conversation', async () => {
      await upload(facts.files.slice(0, 1));
      await expect.poll(() => learned().count(), { timeout: answerTimeoutMs }).toBe(1);
      await ask(page, facts.question.text);
      await answers(page).first().waitFor();
      const remove = page.getByRole('button', { name: /^Delete / });
      await remove.click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      expect(await page.getByRole('list', { name: 'Documents' }).getByRole('listitem').count()).toBe(1);
      await remove.click();
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await expect.poll(() => page.getByRole('list', { name: 'Documents' }).count()).toBe(0);
      expect(await answers(page).first().textContent()).not.toMatch(facts.question.answer);
      expect(await answers(page).first().textContent()).toContain('was deleted');
    });

    test('a reload keeps the conversation, a new one begins empty', async () => {
      await page.getByRole('button', { name: facts.sample.text }).click();
      await answers(page).first().waitFor();
      await page.reload();
      await answers(page).first().waitFor();
      expect(await answers(page).first().textContent()).toMatch(facts.sample.answer);
      await page.getByRole('button', { name: 'New conversation' }).click();
      expect(await answers(page).count()).toBe(0);
      expect(await askBox(page).evaluate((field) => field === document.activeElement)).toBe(true);
    });
  });
}
