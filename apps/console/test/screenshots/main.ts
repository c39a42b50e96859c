import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { DemoProcess } from '../../../demo/test/demo-process';
import type { AssignmentItem, RecordItem } from '../../src/api/answers';
import { chromiumPath } from '../support/chromium';
import { changesOfATerm, live, spreadOverWeeks } from './term';

const folder = join(__dirname, '..', '..', '..', '..', 'docs', 'console');
const tokenKey = 'grantlog-demo-token';

/** How the pictures are taken. */
const looks = {
  light: { viewport: { width: 1100, height: 660 }, colorScheme: 'light' },
  dark: { viewport: { width: 1100, height: 660 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light' },
} as const;

interface Picture {
  readonly name: string;
  readonly hash: string;
  /** Waits until there is to be seen what is meant. */
  readonly ready: (page: Page) => Promise<unknown>;
}

/** `npm run screenshots`: what docs/console.md shows, taken of the real demo with a month of data. */
async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'grantlog-screenshots-'));
  try {
    await aMonth(dataDir);
    const demo = await DemoProcess.start({ DATA_DIR: dataDir, AUDIT_ATTEMPTS: 'true' });
    const browser = await chromium.launch({
      executablePath: chromiumPath,
      args: ['--no-sandbox'],
    });
    try {
      await mkdir(folder, { recursive: true });
      for (const picture of await pictures(demo)) await take(picture, demo, browser);
    } finally {
      await browser.close();
      await demo.kill('SIGTERM');
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function aMonth(dataDir: string): Promise<void> {
  const demo = await DemoProcess.start({ DATA_DIR: dataDir, AUDIT_ATTEMPTS: 'true' });
  await live(demo, changesOfATerm());
  await demo.kill('SIGTERM'); // not before everything is recorded
  await spreadOverWeeks(dataDir);
}

async function pictures(demo: DemoProcess): Promise<Picture[]> {
  await demo.signIn('admin');
  const { items } = (await demo.get('/authz/audit-records?limit=200&operation=created')).body as {
    items: RecordItem[];
  };
  const opened = items.find(({ actor, role }) => actor === 'user^moses' && role === 'role^library_author');
  const now = Date.now();
  const ago = (days: number): string => new Date(now - days * 86_400_000).toISOString();
  const { subject = '', scope = '' } = (await inForce(demo)) ?? {};
  const why = { subject, action: 'act^content_libraries.publish_content', scope };
  return [
    {
      name: 'records',
      hash: '#/records?last=30d',
      ready: (page) => page.getByRole('figure', { name: 'Activity' }).waitFor(),
    },
    {
      name: 'record',
      hash: `#/records?last=30d&record=${opened?.id}`,
      ready: async (page) => {
        await page.getByRole('dialog').getByRole('button', { name: 'Older' }).waitFor(); // the list is there, too
        await page.getByText(/ records by day$/).waitFor();
      },
    },
    {
      name: 'assignments',
      hash: `#/assignments?mode=difference&scopeNamespace=lib&from=${ago(7)}&to=${ago(1)}`,
      ready: (page) => page.getByRole('cell').first().waitFor(),
    },
    {
      name: 'why',
      hash: `#/why?${new URLSearchParams(why).toString()}`,
      ready: (page) => page.getByRole('heading', { name: 'Allowed' }).waitFor(),
    },
    {
      name: 'health',
      hash: '#/health',
      ready: (page) => page.getByRole('table').first().waitFor(),
    },
  ];
}

/** An author whom somebody made one, after the import of the policy. */
async function inForce(demo: DemoProcess): Promise<AssignmentItem | undefined> {
  const asOf = new Date(Date.now() - 3_600_000).toISOString();
  const answer = await demo.get(`/authz/role-assignments?role=role^library_author&asOf=${asOf}&limit=200`);
  return (answer.body as { items: AssignmentItem[] }).items.find(({ grantedBy }) => grantedBy === 'user^moses');
}

async function take({ name, hash, ready }: Picture, demo: DemoProcess, browser: Browser): Promise<void> {
  const token = ((await demo.signIn('admin')).body as { token: string }).token;
  for (const [look, settings] of Object.entries(looks)) {
    const context = await browser.newContext({
      ...settings,
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      reducedMotion: 'reduce',
    });
    await context.addInitScript(`sessionStorage.setItem(${JSON.stringify(tokenKey)}, ${JSON.stringify(token)})`);
    const page = await context.newPage();
    await page.goto(`${demo.url}/authz/console/${hash}`);
    await page.getByRole('table').or(page.getByRole('main')).first().waitFor();
    await ready(page);
    const path = join(folder, `${name}-${look}.png`);
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    const { size } = await stat(path);
    process.stdout.write(`${path} ${Math.round(size / 1_000)} kB\n`);
    await context.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
