import type { Page } from 'playwright-core';
import { DemoConsole } from './support/demo-console';
import { sidewaysScroll } from './support/findings';
import { inBrowser, phone } from './support/in-browser';

const script = '<script>alert(1)</script>';
const image = '<img src=x onerror=alert(2)>';
const arabic = 'مدير المكتبة';
/** Turns round what follows it, unless what it stands in ends its reach. */
const overridden = 'invoice\u202Efdp.exe';
const long = (namespace: string) => namespace.padEnd(255, 'x');

const hostile = [
  {
    name: 'markup',
    keys: { subject: `user^${script}`, role: `role^${image}`, scope: `lib^${script}` },
    reason: `</script>${script}"'><svg onload=alert(3)>`,
  },
  {
    name: 'from right to left',
    keys: { subject: `user^${arabic}`, role: `role^${arabic}`, scope: `lib^${arabic}` },
    reason: arabic,
  },
  {
    name: 'turned round',
    keys: { subject: `user^${overridden}`, role: `role^${overridden}`, scope: `lib^${overridden}` },
    reason: overridden,
  },
  {
    name: 'as long as can be',
    keys: { subject: long('user^'), role: long('role^'), scope: long('lib^') },
    reason: long('why').repeat(7),
  },
];

inBrowser('what is hostile in keys and reasons is shown as text', (visits) => {
  let demo: DemoConsole;
  beforeAll(async () => {
    demo = await DemoConsole.start(visits);
    for (const { keys, reason } of hostile) await demo.assign([keys], reason);
  });
  afterAll(() => demo.stop());

  /** It is there as it is, in an element of its own direction, and the page is no wider than its window. */
  const expectText = async (page: Page, texts: readonly string[]) => {
    for (const text of texts) await page.locator('bdi', { hasText: text }).first().waitFor();
    expect(await page.locator('main script, main img, main svg[onload], dialog script, dialog img').count()).toBe(0);
    expect(await sidewaysScroll(page)).toBe(0);
  };

  describe.each([
    ['on a wide page', { width: 1280, height: 900 }],
    ['on a phone', phone],
  ])('%s', (_, viewport) => {
    const visit = (hash: string) => demo.visit('admin', hash, { viewport });

    it('in the records', async () => {
      const page = await visit('#/records?actor=user%5Eadmin');
      await expectText(
        page,
        hostile.flatMap(({ keys, reason }) => [...Object.values(keys), reason]),
      );
    });

    it.each(hostile)('in the whole record: $name', async ({ keys, reason }) => {
      const subject = encodeURIComponent(keys.subject);
      const [record] = await demo.records(`subject=${subject}`);
      const page = await visit(`#/records?record=${record?.id}&subject=${subject}`);
      await page.getByRole('dialog').getByText('JSON', { exact: true }).click();
      await expectText(page, [...Object.values(keys), reason]);
    });

    it.each(hostile)('in what is suggested and sought: $name', async ({ keys: { subject } }) => {
      const page = await visit('#/records');
      const box = page.getByRole('combobox', { name: 'Search records' });
      await box.fill(`subject:"${subject.slice(0, 12)}`);
      await page.getByRole('listbox').getByRole('option').first().click();
      await page.getByRole('list', { name: 'Filters' }).getByRole('listitem').waitFor();
      await page.getByRole('row').nth(1).waitFor();
      await expectText(page, [subject]);
    });

    it('in the assignments, now and in the past', async () => {
      const [{ recordedAt = '' } = {}] = await demo.records('actor=system^import');
      for (const query of ['mode=now', `mode=difference&from=${recordedAt}`]) {
        const page = await visit(`#/assignments?${query}`);
        await page.getByRole('cell').first().waitFor();
        await expectText(
          page,
          hostile.flatMap(({ keys }) => Object.values(keys)),
        );
      }
    });

    it.each(hostile)('in the history: $name', async ({ keys, reason }) => {
      const page = await visit(`#/assignments?${new URLSearchParams({ mode: 'history', ...keys }).toString()}`);
      await page.getByRole('cell').first().waitFor();
      await expectText(page, [...Object.values(keys), reason]);
    });

    it.each(hostile)('in why somebody may not: $name', async ({ keys, reason }) => {
      const question = { subject: keys.subject, action: `act^${script}`, scope: keys.scope };
      const page = await visit(`#/why?${new URLSearchParams(question).toString()}`);
      await page.getByRole('heading', { name: 'Denied' }).waitFor();
      await expectText(page, [...Object.values(keys), question.action, reason]);
    });

    it.each(hostile)('in a change: $name', async ({ keys, reason }) => {
      const page = await visit(`#/assignments?${new URLSearchParams(keys).toString()}`);
      await page.getByRole('button', { name: `Remove ${Object.values(keys).join(', ')}` }).click();
      await expectText(page, Object.values(keys));
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason, for the record').fill(reason);
      await dialog.getByRole('button', { name: 'Review' }).click();
      await dialog.getByRole('button', { name: 'Remove 1 role' }).waitFor();
      await expectText(page, [...Object.values(keys), reason]);
    });
  });

  it('a key that turns round what follows it does so to itself only', async () => {
    const page = await demo.visit('admin', `#/records?subject=${encodeURIComponent(`user^${overridden}`)}`);
    const row = page.getByRole('row').nth(1);
    await row.waitFor();
    const boxes = await Promise.all((await row.getByRole('cell').all()).map((cell) => cell.boundingBox()));
    const lefts = boxes.map((box) => box?.x ?? 0);
    expect(lefts).toEqual([...lefts].sort((a, b) => a - b));
  });
});
