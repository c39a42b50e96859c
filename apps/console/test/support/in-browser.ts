import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { chromiumPath } from './chromium';

const usualPatience = 30_000;

/** How somebody looks at the page. */
export interface Look extends Pick<
  BrowserContextOptions,
  'viewport' | 'colorScheme' | 'reducedMotion' | 'acceptDownloads'
> {
  /** What a session storage holds before the page is loaded. */
  readonly stored?: Readonly<Record<string, string>>;
  /** Whether the test moves the clock of the page on. */
  readonly clock?: boolean;
}

export const phone = { width: 390, height: 844 };

/** A browser, and what its pages complained about: a script that failed, or something that the policy of the page refused. */
export class Visits {
  private browser: Browser | undefined;
  private readonly contexts: BrowserContext[] = [];
  private readonly complaints: string[] = [];

  async begin(): Promise<void> {
    this.browser = await chromium.launch({
      executablePath: chromiumPath,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  }

  /** Somebody who opens the address in a browser of their own. */
  async open(address: string, { stored = {}, clock = false, ...look }: Look = {}): Promise<Page> {
    if (!this.browser) throw new Error('The browser was not started.');
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 900 },
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      ...look,
    });
    this.contexts.push(context);
    context.setDefaultTimeout(usualPatience);
    await context.addInitScript(tellsOfRefusals);
    for (const entry of Object.entries(stored)) await context.addInitScript(storing(entry));
    if (clock) await context.clock.install();
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => this.complaints.push(message));
    page.on('console', (message) => message.type() === 'error' && this.hear(message.text()));
    page.on('dialog', (dialog) => {
      this.complaints.push(`a script asked: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(address);
    return page;
  }

  /** Closes what was opened. @returns what the pages complained about meanwhile */
  async endOfTest(): Promise<string[]> {
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
    return this.complaints.splice(0);
  }

  async end(): Promise<void> {
    await this.browser?.close();
  }

  /** An answer that is an error is told by the page, and by the browser, too. */
  private hear(text: string): void {
    if (!text.startsWith('Failed to load resource')) this.complaints.push(text);
  }
}

const tellsOfRefusals = `document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
  console.error('refused by ' + violatedDirective + ': ' + blockedURI + ' in ' + sourceFile));`;

/** Once: what a page changes later stays as it is. */
const storing = ([key, value]: [string, string]): string =>
  `if (sessionStorage.getItem(${JSON.stringify(key)}) === null) sessionStorage.setItem(${JSON.stringify(key)}, ${JSON.stringify(value)});`;

/** Tests in a browser; none of its pages may complain. Without a browser they are skipped (test/support/set-up.ts says so). */
export function inBrowser(title: string, tests: (visits: Visits) => void): void {
  const whenThere = existsSync(chromiumPath) ? describe : describe.skip;
  whenThere(title, () => {
    const visits = new Visits();
    beforeAll(() => visits.begin());
    afterEach(async () => expect(await visits.endOfTest()).toEqual([]));
    afterAll(() => visits.end());
    tests(visits);
  });
}
