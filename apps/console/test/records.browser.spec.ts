import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { until } from '../../../test/support/until';
import { DemoConsole } from './support/demo-console';
import { focused, seriousFindings, seriousFindingsInBoth, sidewaysScroll } from './support/findings';
import { inBrowser, phone } from './support/in-browser';
import { tabTo } from './support/keyboard';

const here = (subject: string, role = 'role^library_admin', scope = 'lib^lib:Org1:math') => ({ subject, role, scope });

inBrowser('the records of the console', (visits) => {
  let demo: DemoConsole;
  beforeAll(async () => {
    demo = await DemoConsole.start(visits, { AUDIT_ATTEMPTS: 'true' });
    await demo.assign([here('user^gwen'), here('user^hal')], 'the term begins');
    await demo.remove([here('user^gwen')], 'hands over');
    await demo.assign(
      Array.from({ length: 60 }, (_, i) => here(`user^many-${i}`, 'role^library_user', 'lib^lib:Many:one')),
      'all at once',
    );
  });
  afterAll(() => demo.stop());

  const shown = (hash: string, user = 'admin', look = {}) => demo.visit(user, `#/records${hash}`, look);
  const rows = (page: Page): Locator =>
    page
      .getByRole('table')
      .getByRole('row')
      .filter({ has: page.getByRole('cell') });
  const count = (page: Page, number: number) =>
    until(
      () => rows(page).count(),
      (found) => found === number,
    );
  const chips = (page: Page): Promise<string[]> =>
    page.getByRole('list', { name: 'Filters' }).getByRole('listitem').allInnerTexts();
  const queryOf = (page: Page) => Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split('?')[1]));
  const queryBecomes = (page: Page, query: Record<string, string>) =>
    until(
      () => queryOf(page),
      (found) => JSON.stringify(found) === JSON.stringify(query),
    );
  const timeOfRow = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]/;
  const drawer = (page: Page): Locator => page.getByRole('dialog');

  it('lists who did what to whom, where, when and why, newest first', async () => {
    const page = await shown('?scope=lib%5Elib%3AOrg1%3Amath');
    await count(page, 3);
    expect(await page.getByRole('columnheader').allInnerTexts()).toEqual([
      'Time',
      'Actor',
      'Operation',
      'Subject',
      'Role',
      'Scope',
      'Reason',
    ]);
    const cells = await rows(page).first().getByRole('cell').allInnerTexts();
    expect(cells.slice(1)).toEqual([
      'user^admin',
      'deleted',
      'user^gwen',
      'role^library_admin',
      'lib^lib:Org1:math',
      'hands over',
    ]);
    expect(cells[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0[12]:00$/);
  });

  it('says in a word what was only tried', async () => {
    const zoe = await demo.tokenOf('zoe');
    const response = await fetch(`${demo.demo.url}/authz/role-assignments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${zoe}` },
      body: JSON.stringify({ assignments: [here('user^zoe')] }),
    });
    expect(response.status).toBe(403);
    await until(
      () => demo.records('outcome=denied'),
      ({ length }) => length === 1,
    );
    const page = await shown('?outcome=denied');
    await count(page, 1);
    expect(await rows(page).first().innerText()).toMatch(/created\s*denied/);
    await page.keyboard.press('Tab');
    await rows(page).first().getByRole('cell').first().getByRole('link').click();
    await drawer(page).getByText('Why it failed').waitFor();
  });

  describe('one of them', () => {
    it('opens by keyboard, stands in the address, and gives the focus back', async () => {
      const page = await shown('?subject=user%5Egwen');
      await count(page, 2);
      const [newest] = await demo.records('subject=user^gwen');
      await tabTo(page, timeOfRow);
      await page.keyboard.press('Enter');
      await drawer(page)
        .getByRole('heading', { name: `Record ${newest?.seq}: deleted` })
        .waitFor();
      await queryBecomes(page, { subject: 'user^gwen', record: newest?.id ?? '' });
      const text = await drawer(page).innerText();
      for (const value of [
        newest?.recordedAt,
        newest?.occurredAt,
        newest?.operationId,
        newest?.requestId,
        newest?.id,
      ]) {
        expect(text).toContain(value);
      }
      expect(text).toMatch(/hands over.*g, user\^gwen, role\^library_admin, lib\^lib:Org1:math.*127\.0\.0\.1/s);
      await page.keyboard.press('Escape');
      await drawer(page).waitFor({ state: 'detached' });
      await queryBecomes(page, { subject: 'user^gwen' });
      expect(await focused(page)).toMatch(timeOfRow);
    });

    it('leads to the one before and the one after', async () => {
      const page = await shown('?subject=user%5Egwen');
      await rows(page).nth(0).click();
      await drawer(page).getByRole('button', { name: 'Older' }).click();
      await drawer(page)
        .getByRole('heading', { name: /: created$/ })
        .waitFor();
      await drawer(page).getByRole('button', { name: 'Newer' }).click();
      await drawer(page)
        .getByRole('heading', { name: /: deleted$/ })
        .waitFor();
      expect(await drawer(page).getByRole('button', { name: 'Newer' }).isDisabled()).toBe(true);
    });

    it('is opened by its address, wherever in the log it is', async () => {
      const [oldest] = (await demo.records('actor=system^import')).slice(-1);
      const page = await shown(`?record=${oldest?.id}`);
      await drawer(page)
        .getByRole('heading', { name: `Record ${oldest?.seq}: ` })
        .waitFor();
    });

    it('may be none that the viewer knows', async () => {
      const [record] = await demo.records('subject=user^gwen');
      const page = await shown(`?record=${record?.id}`, 'iris');
      await drawer(page).getByRole('heading', { name: 'There is no such thing, or you may not see it' }).waitFor();
    });

    it('leads to all that have the same, and to the other views', async () => {
      const page = await shown('?subject=user%5Ehal');
      await rows(page).first().click();
      const [record] = await demo.records('subject=user^hal');
      const link = (name: string) => drawer(page).getByRole('link', { name }).getAttribute('href');
      expect(await link('History of this assignment')).toContain('#/assignments?mode=history&subject=user%5Ehal');
      expect(await link('Why may this subject …?')).toContain('#/why?subject=user%5Ehal');
      expect(await link('all by this actor')).toBe('#/records?actor=user%5Eadmin');
      await drawer(page).getByRole('link', { name: 'all changes of this call' }).click();
      await drawer(page).waitFor({ state: 'detached' });
      await queryBecomes(page, { operationId: record?.operationId ?? '' });
      await count(page, 2);
    });

    it('is copied as a link and as JSON', async () => {
      const page = await shown('?subject=user%5Ehal');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await rows(page).first().click();
      const [record] = await demo.records('subject=user^hal');
      const copied = () => page.evaluate<string>('navigator.clipboard.readText()');
      await drawer(page).getByRole('button', { name: 'Copy link' }).click();
      await drawer(page).getByText('Copied').first().waitFor();
      expect(await copied()).toBe(`${demo.address}#/records?record=${record?.id}`);
      await drawer(page).getByRole('button', { name: 'Copy JSON' }).click();
      const json = await until(copied, (text) => text.startsWith('{'));
      expect(JSON.parse(json)).toEqual(record);
    });
  });

  describe('filtered', () => {
    const box = (page: Page): Locator => page.getByRole('combobox', { name: 'Search records' });

    it('by qualifiers in the box, as chips that are taken away one by one, or all', async () => {
      const page = await shown('');
      await box(page).fill('subject:user^gwen operation:created');
      await page.keyboard.press('Enter');
      await queryBecomes(page, { subject: 'user^gwen', operation: 'created' });
      await count(page, 1);
      expect((await chips(page)).join()).toMatch(/subject:user\^gwen.*operation:created/s);
      expect(await box(page).inputValue()).toBe('');
      await page.getByRole('button', { name: 'Remove operation:created' }).focus();
      await page.keyboard.press('Enter');
      await count(page, 2);
      expect(await focused(page)).toBe('Remove subject:user^gwen');
      await page.goBack();
      await count(page, 1);
      await page.getByRole('button', { name: 'Clear all' }).click();
      await queryBecomes(page, {});
      await count(page, 50);
    });

    it('by a suggestion of the server, with arrows and Enter, or by pointing', async () => {
      const page = await shown('');
      await box(page).fill('gwe');
      const options = page.getByRole('listbox', { name: 'Search records' }).getByRole('option');
      await options.filter({ hasText: 'subject:user^gwen' }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await queryBecomes(page, { subject: 'user^gwen' });
      await count(page, 2);
      await box(page).fill('role:library_adm');
      await options.filter({ hasText: 'role^library_admin' }).click();
      await queryBecomes(page, { subject: 'user^gwen', role: 'role^library_admin' });
    });

    it('by a plain word, which is the beginning of a key', async () => {
      const page = await shown('');
      await box(page).fill('hal');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Enter');
      await until(
        () => page.url(),
        (url) => /subject(Prefix)?=user%5Ehal/.test(url),
      );
      await count(page, 1);
    });

    it('not by a mistake: it is told beside the box and changes nothing', async () => {
      const page = await shown('?subject=user%5Egwen');
      await count(page, 2);
      for (const mistake of ['actr:user^7', 'operation:destroyed', 'subject:"user^7']) {
        await box(page).fill(mistake);
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Search', exact: true }).click();
        await page.locator('[role=alert]:not(:empty)').waitFor();
        expect(await box(page).getAttribute('aria-invalid')).toBe('true');
        expect(queryOf(page)).toEqual({ subject: 'user^gwen' });
        expect(await rows(page).count()).toBe(2);
      }
    });

    it('by menus, and by a window that moves along', async () => {
      const page = await shown('');
      await page.getByRole('combobox', { name: 'Operation' }).selectOption('deleted');
      await queryBecomes(page, { operation: 'deleted' });
      await page.getByRole('combobox', { name: 'Scope type' }).selectOption('lib');
      await queryBecomes(page, { operation: 'deleted', scopeNamespace: 'lib' });
      await page.getByRole('link', { name: '24 h' }).click();
      await queryBecomes(page, { operation: 'deleted', scopeNamespace: 'lib', last: '24h' });
      await count(page, 1);
      await page.getByRole('link', { name: 'All', exact: true }).click();
      await queryBecomes(page, { operation: 'deleted', scopeNamespace: 'lib' });
    });

    it('by exact times in the chosen zone', async () => {
      const page = await shown('');
      await page.getByText('Exact times').click();
      await page.getByLabel(/^From/).fill('2026-01-15T12:00:00');
      await page.getByLabel(/^To, not included/).fill('2026-01-15T13:00:00');
      await page.getByRole('button', { name: 'Show these' }).click();
      await queryBecomes(page, { from: '2026-01-15T11:00:00.000Z', to: '2026-01-15T12:00:00.000Z' });
      await page.getByRole('heading', { name: 'No record matches all of these filters' }).waitFor();
    });

    it('by a value that the server refuses: it is told at its chip', async () => {
      const page = await shown('?actor=nobody&subject=user%5Egwen');
      const chip = page
        .getByRole('list', { name: 'Filters' })
        .getByRole('listitem')
        .filter({ hasText: 'actor:nobody' });
      await page.getByRole('alert').filter({ hasText: 'actor' }).waitFor();
      expect(await chip.getAttribute('aria-describedby')).toBe('wrong-filter');
      await page.getByRole('link', { name: 'drop it' }).click();
      await count(page, 2);
    });

    it('so that nothing is left: it says what to drop', async () => {
      const page = await shown('?subject=user%5Egwen&role=role%5Enothing');
      await page.getByRole('heading', { name: 'No record matches all of these filters' }).waitFor();
      await page.getByRole('link', { name: 'without role:role^nothing' }).click();
      await count(page, 2);
    });
  });

  it('are counted over time, and a bar narrows to its time, by keyboard, with a way back', async () => {
    const page = await shown('?last=24h&scope=lib%5Elib%3AMany%3Aone');
    const bars = page.getByRole('figure', { name: 'Activity' });
    await bars.getByText('60 records by hour').waitFor();
    await bars.getByRole('link', { name: /: 60 records$/ }).waitFor();
    await tabTo(page, /: (60|no|0|\d+) records?$/);
    await page.keyboard.press('End');
    const names: string[] = [];
    for (let bar = 0; bar < 3 && !/: 60 records$/.test(await focused(page)); bar++) {
      names.push(await focused(page));
      await page.keyboard.press('ArrowLeft');
    }
    expect(await focused(page)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d.*: 60 records$/);
    await page.keyboard.press('Enter');
    await until(
      () => queryOf(page),
      ({ from, to }) => Date.parse(to ?? '') - Date.parse(from ?? '') === 3_600_000,
    );
    await bars.getByRole('link', { name: /^Show the whole/ }).click();
    await until(
      () => queryOf(page),
      ({ from, to }) => Date.parse(to ?? '') - Date.parse(from ?? '') > 3_600_000,
    );
  });

  it('go on page by page: the place stays, and it is said how many came', async () => {
    const page = await shown('?scope=lib%5Elib%3AMany%3Aone');
    await count(page, 50);
    await page.getByRole('button', { name: 'Load more' }).focus();
    const before = await page.evaluate('scrollY');
    await page.keyboard.press('Enter');
    await count(page, 60);
    await page.getByText('10 more: 60 records shown, which are all').waitFor();
    expect(await page.evaluate('scrollY')).toBe(before);
    expect(await focused(page)).toMatch(timeOfRow);
  });

  it('forget that more could not be loaded when something else is asked for', async () => {
    const page = await shown('?scope=lib%5Elib%3AMany%3Aone');
    await count(page, 50);
    await page.route(
      (url) => url.searchParams.has('cursor'),
      (route) => route.fulfill({ status: 500, json: { message: 'the disk is full' } }),
    );
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByText('the disk is full').waitFor();
    await page.getByLabel('Operation', { exact: true }).selectOption('created');
    await page.getByRole('button', { name: 'Load more' }).waitFor();
    expect(await page.getByText('the disk is full').count()).toBe(0);
  });

  it('are announced when they are new, and shown when somebody wants to', async () => {
    const page = await shown('?scope=lib%5Elib%3ANew%3Aone', 'admin', { clock: true });
    await page.getByRole('heading', { name: 'No record matches this filter' }).waitFor();
    await demo.assign([here('user^ivy', 'role^library_user', 'lib^lib:New:one')]);
    await page.clock.fastForward(11_000);
    const announced = page.getByRole('button', { name: '1 new record: show it' });
    await announced.waitFor();
    expect(await rows(page).count()).toBe(0);
    await announced.click();
    await count(page, 1);
  });

  it.each(['CSV', 'NDJSON'])('are exported as %s: of all pages, and it says up to when', async (format) => {
    const page = await shown('?scope=lib%5Elib%3AMany%3Aone');
    await count(page, 50);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Export ${format}` }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^[\\w.-]+\\.${format.toLowerCase()}$`));
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(format === 'CSV' ? 61 : 60);
    await page.getByText(/, complete up to/).waitFor();
  });

  it('say what to do when the session ends in the middle of work, and nothing is lost', async () => {
    const page = await shown('?scope=lib%5Elib%3AMany%3Aone');
    await count(page, 50);
    await page.evaluate('sessionStorage.removeItem("grantlog-demo-token")');
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByRole('heading', { name: /session has ended/ }).waitFor();
    expect(await rows(page).count()).toBe(50);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('textbox', { name: 'Name' }).press('Enter');
    await count(page, 50);
    expect(queryOf(page)).toEqual({ scope: 'lib^lib:Many:one' });
  });

  it('are those of the scopes that the viewer may see', async () => {
    const page = await shown('', 'iris');
    await rows(page).first().waitFor();
    for (const row of await rows(page).allInnerTexts()) expect(row).toContain('lib^lib:Axim:');
  });

  it.each<[string, string, (page: Page) => Locator]>([
    ['a list', '?scope=lib%5Elib%3AOrg1%3Amath&last=7d', (page) => page.getByRole('figure', { name: 'Activity' })],
    ['nothing found', '?role=role%5Enothing', (page) => page.getByRole('heading', { level: 2 })],
    ['a filter that is wrong', '?actor=nobody', (page) => page.getByRole('alert').filter({ hasText: 'actor' })],
  ])('fit a phone, and have no serious finding of axe in light and dark: %s', async (_, hash, settled) => {
    const page = await shown(hash);
    await settled(page).waitFor();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await page.setViewportSize(phone);
    expect(await sidewaysScroll(page)).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('fit a phone, and have no serious finding of axe in light and dark: an opened one, and suggestions', async () => {
    const page = await shown('?subject=user%5Egwen');
    await rows(page).first().click();
    await drawer(page).getByText('JSON', { exact: true }).click();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await page.setViewportSize(phone);
    expect(await sidewaysScroll(page)).toBe(0);
    await page.keyboard.press('Escape');
    await drawer(page).waitFor({ state: 'detached' });
    await page.getByRole('combobox', { name: 'Search records' }).fill('gwe');
    await page.getByRole('listbox').getByRole('option').first().waitFor();
    await page.keyboard.press('ArrowDown');
    expect(await sidewaysScroll(page)).toBe(0);
    expect(await seriousFindingsInBoth(page)).toEqual([]);
  });
});
