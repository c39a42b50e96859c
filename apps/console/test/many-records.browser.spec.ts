import type { Page } from 'playwright-core';
import { until } from '../../../test/support/until';
import { DemoConsole } from './support/demo-console';
import { inBrowser } from './support/in-browser';

const total = 10_000;
const scope = 'lib^lib:Many:one';
const pages = 20;

/** Milliseconds that nobody would call slow, on a machine that does much else besides. */
const patience = 5_000;

inBrowser('a log of 10,000 records', (visits) => {
  let demo: DemoConsole;
  beforeAll(async () => {
    demo = await DemoConsole.start(visits);
    for (let from = 0; from < total; from += 1_000) {
      const subjects = Array.from({ length: 1_000 }, (_, i) => `user^many-${from + i}`);
      await demo.assign(subjects.map((subject) => ({ subject, role: 'role^library_user', scope })));
    }
  }, 120_000);
  afterAll(() => demo.stop());

  const quickly = async (what: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await what();
    expect(performance.now() - begun).toBeLessThan(patience);
  };
  const open = async (hash: string): Promise<Page> => {
    const page = await demo.visit('admin', hash);
    await page.getByRole('row').nth(50).waitFor();
    return page;
  };

  it('is counted as a whole, and read page by page, each as quickly as the first', async () => {
    const page = await open(`#/records?scope=${encodeURIComponent(scope)}`);
    await page.getByText(/^10,000 records by/).waitFor();
    for (let read = 2; read <= pages; read++) {
      await quickly(async () => {
        await page.getByRole('button', { name: 'Load more' }).click();
        await page.getByText(`50 more: ${read * 50} records shown`).waitFor();
      });
    }
    await quickly(() => page.getByRole('row').nth(700).scrollIntoViewIfNeeded());
    await quickly(async () => {
      await page.getByRole('row').nth(700).click();
      await page
        .getByRole('dialog')
        .getByRole('heading', { name: /^Record \d+: created$/ })
        .waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    });
    await quickly(async () => {
      await page.getByRole('combobox', { name: 'Search records' }).fill('subject:user^many-99');
      await page.getByRole('listbox').getByRole('option').filter({ hasText: 'user^many-99' }).first().waitFor();
    });
  });

  it('is searched without delay', async () => {
    const page = await open('#/records');
    await quickly(async () => {
      await page.getByRole('combobox', { name: 'Search records' }).fill('subject:user^many-9999');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await until(
        () => page.getByRole('row').count(),
        (count) => count === 2,
      );
    });
  });

  it('has assignments that are read page by page', async () => {
    const page = await open(`#/assignments?scope=${encodeURIComponent(scope)}`);
    for (let read = 2; read <= 10; read++) {
      await quickly(async () => {
        await page.getByRole('button', { name: 'Show more' }).click();
        await page.getByText(`${read * 50} assignments shown; there are more`).waitFor();
      });
    }
  });
});
