import type { Locator, Page } from 'playwright-core';
import { until } from '../../../test/support/until';
import { DemoConsole } from './support/demo-console';
import { focused, seriousFindings, seriousFindingsInBoth, sidewaysScroll } from './support/findings';
import { inBrowser, phone } from './support/in-browser';
import { tabTo } from './support/keyboard';

const here = (subject: string, role = 'role^library_admin', scope = 'lib^lib:Org1:math') => ({ subject, role, scope });

inBrowser('the assignments of the console', (visits) => {
  let demo: DemoConsole;
  /** The moments of the records of user^gwen: given, given another one, one taken away. */
  let moments: string[];
  beforeAll(async () => {
    demo = await DemoConsole.start(visits);
    await demo.assign([here('user^gwen')], 'starts today');
    await demo.assign([here('user^gwen', 'role^library_author')], 'writes, too');
    await demo.remove([here('user^gwen')], 'hands over');
    moments = (await demo.records('subject=user^gwen')).map(({ recordedAt }) => recordedAt).reverse();
    await demo.assign(
      Array.from({ length: 60 }, (_, i) => here(`user^many-${i}`, 'role^library_user', 'lib^lib:Many:one')),
    );
  });
  afterAll(() => demo.stop());

  const shown = (hash: string, user = 'admin', look = {}) => demo.visit(user, `#/assignments${hash}`, look);
  const rows = (page: Page): Locator =>
    page
      .getByRole('table')
      .getByRole('row')
      .filter({ has: page.getByRole('cell') });
  const textsOf = async (page: Page) => {
    await rows(page).first().waitFor();
    return rows(page).allInnerTexts();
  };

  describe('now', () => {
    it('lists who has which role where, narrowed by what is asked for, in the address', async () => {
      const page = await shown('');
      await rows(page).first().waitFor();
      await page.getByLabel('Subject', { exact: true }).fill('user^gwen');
      await page.keyboard.press('Enter');
      await until(
        () => textsOf(page),
        (texts) => texts.length === 1,
      );
      expect((await textsOf(page))[0]).toMatch(/user\^gwen.*role\^library_author.*lib\^lib:Org1:math/s);
      expect(new URL(page.url()).hash).toBe('#/assignments?subject=user%5Egwen');
      await page.getByRole('link', { name: 'Clear filters' }).click();
      await until(
        () => rows(page).count(),
        (count) => count > 1,
      );
      await page.goBack();
      await until(
        () => rows(page).count(),
        (count) => count === 1,
      );
    });

    it('goes on page by page, and tells how many are shown', async () => {
      const page = await shown('?scope=lib%5Elib%3AMany%3Aone');
      await page.getByText('50 assignments shown; there are more').waitFor();
      await page.getByRole('button', { name: 'Show more' }).focus();
      await page.keyboard.press('Enter');
      await page.getByText('60 assignments shown', { exact: true }).waitFor();
      expect(await rows(page).count()).toBe(60);
      await until(
        () => focused(page),
        (focus) => focus === '60 assignments shown',
      ); // the button is gone
    });

    it('says when nobody has such a role', async () => {
      const page = await shown('?subject=user%5Enobody');
      await page.getByRole('heading', { name: 'No assignments' }).waitFor();
    });

    it('tells beside the field what the server says of it', async () => {
      const page = await shown('');
      await page.getByLabel('Subject', { exact: true }).fill('nobody');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      const field = page.getByLabel('Subject', { exact: true });
      await page.getByRole('alert').waitFor();
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await page.getByRole('alert').textContent()).toMatch(/namespace/);
    });

    it('leads to the history, the records and the reasons of each', async () => {
      const page = await shown('?subject=user%5Egwen');
      const row = rows(page).first();
      for (const [name, hash] of [
        [
          'History',
          '#/assignments?mode=history&subject=user%5Egwen&role=role%5Elibrary_author&scope=lib%5Elib%3AOrg1%3Amath',
        ],
        ['Records', '#/records?subject=user%5Egwen&role=role%5Elibrary_author&scope=lib%5Elib%3AOrg1%3Amath'],
        ['Why?', '#/why?subject=user%5Egwen&scope=lib%5Elib%3AOrg1%3Amath'],
      ] as const) {
        expect(await row.getByRole('link', { name }).getAttribute('href')).toBe(hash);
      }
    });
  });

  describe('in the past', () => {
    it('shows what was in force at a moment, by whom and since when', async () => {
      const page = await shown(`?mode=as-of&subject=user%5Egwen&asOf=${moments[1]}`);
      expect(await textsOf(page)).toHaveLength(2);
      await page.goto(`${demo.address}#/assignments?mode=as-of&subject=user%5Egwen&asOf=${moments[0]}`);
      await until(
        () => rows(page).count(),
        (count) => count === 1,
      );
      expect((await textsOf(page))[0]).toMatch(/role\^library_admin.*by user\^admin/s);
    });

    it('takes a moment in the chosen zone', async () => {
      const page = await shown('?mode=as-of');
      await page.getByRole('heading', { name: 'Which moment?' }).waitFor();
      await page.getByLabel(/^As of/).fill('2026-01-15T12:00:00');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      await until(
        () => page.url(),
        (url) => url.includes('asOf='),
      );
      expect(new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('asOf')).toBe('2026-01-15T11:00:00.000Z');
    });

    it('says at the field that the log does not reach there', async () => {
      const page = await shown('?mode=as-of');
      for (const moment of ['2001-01-01T12:00:00', '2199-01-01T12:00:00']) {
        await page.getByLabel(/^As of/).fill(moment);
        const answered = page.waitForResponse((response) => response.url().includes(`asOf=${moment.slice(0, 4)}`));
        await page.getByRole('button', { name: 'Show', exact: true }).click();
        await answered;
        await page
          .locator('[aria-invalid=true]')
          .and(page.getByLabel(/^As of/))
          .waitFor();
        await until(
          () => page.getByRole('alert').count(),
          (count) => count === 1,
        );
        await page.getByLabel('Subject', { exact: true }).fill('user^gwen');
      }
    });

    it('tells the difference between two moments, with who did it, why, and the record', async () => {
      const page = await shown(`?mode=difference&subject=user%5Egwen&from=${moments[0]}&to=${moments[2]}`);
      const granted = page.locator('section').filter({ has: page.getByRole('heading', { name: /^Granted/ }) });
      const ended = page.locator('section').filter({ has: page.getByRole('heading', { name: /^Ended/ }) });
      await granted.getByRole('cell').first().waitFor();
      expect(await granted.innerText()).toMatch(/role\^library_author.*by user\^admin.*writes, too/s);
      expect(await ended.innerText()).toMatch(/role\^library_admin.*by user\^admin.*hands over/s);
      expect(await ended.getByRole('link', { name: 'record', exact: true }).getAttribute('href')).toMatch(
        /^#\/records\?record=/,
      );
    });

    it('tells the history of somebody', async () => {
      const page = await shown('?mode=history&subject=user%5Egwen');
      const texts = await textsOf(page);
      expect(texts).toHaveLength(2);
      expect(texts.find((text) => text.includes('library_author'))).toMatch(/writes, too.*in force/s);
      expect(texts.find((text) => text.includes('library_admin'))).toMatch(/starts today.*Taken away.*hands over/s);
    });
  });

  describe('changed from the page', () => {
    const dialog = (page: Page): Locator => page.getByRole('dialog');

    it('is not offered to whoever may only read', async () => {
      const page = await shown('', 'zoe');
      await rows(page).first().waitFor();
      await page.waitForLoadState('networkidle');
      expect(await page.getByRole('link', { name: 'Assign …' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(0);
      expect(await page.getByRole('checkbox').count()).toBe(0);
    });

    it('assigns by keyboard alone: keys, a reason, a look at what will change, and what became of it', async () => {
      const page = await shown('?subject=user%5Ekim');
      await page.getByRole('heading', { name: 'No assignments' }).waitFor();
      await tabTo(page, 'Assign …');
      await page.keyboard.press('Enter');
      await dialog(page).waitFor();
      expect(await page.getByLabel('Subject').last().inputValue()).toBe('user^kim');
      await tabTo(page, 'Role');
      await page.keyboard.type('role^library_author');
      await tabTo(page, 'Scope');
      await page.keyboard.type('lib^lib:Org1:math');
      await tabTo(page, 'Reason, for the record');
      await page.keyboard.type('covers for gwen');
      await tabTo(page, 'Review');
      await page.keyboard.press('Enter');
      await dialog(page).getByRole('heading', { name: 'This is what changes' }).waitFor();
      expect(await dialog(page).innerText()).toMatch(
        /user\^kim gets role\^library_author in lib\^lib:Org1:math.*because\s+“?covers for gwen/s,
      );
      expect(await demo.records('subject=user^kim')).toEqual([]); // not yet
      await tabTo(page, 'Assign 1 role');
      await page.keyboard.press('Enter');
      await dialog(page).getByRole('heading', { name: 'Done' }).waitFor();
      await tabTo(page, 'Close');
      await page.keyboard.press('Enter');
      await dialog(page).waitFor({ state: 'detached' });
      await until(
        () => rows(page).count(),
        (count) => count === 1,
      );
      const [record] = await until(
        () => demo.records('subject=user^kim'),
        ({ length }) => length > 0,
      );
      expect(record).toMatchObject({
        ...here('user^kim', 'role^library_author'),
        actor: 'user^admin',
        reason: 'covers for gwen',
      });
    });

    const assigning = (subject: string, role = 'role^library_author') =>
      `?${new URLSearchParams({ change: 'assign', ...here(subject, role) }).toString()}`;
    const review = async (page: Page, reason: string) => {
      await dialog(page).getByLabel('Reason, for the record').fill(reason);
      await dialog(page).getByRole('button', { name: 'Review' }).click();
    };

    it('needs a reason', async () => {
      const page = await shown(assigning('user^lee'));
      await dialog(page).getByRole('button', { name: 'Review' }).click();
      await dialog(page).locator('textarea:invalid').waitFor();
      expect(await dialog(page).getByRole('heading', { name: 'This is what changes' }).count()).toBe(0);
      await page.keyboard.press('Escape');
      await dialog(page).waitFor({ state: 'detached' });
      await until(
        () => page.url(),
        (url) => !url.includes('change='),
      );
    });

    it('says of each of several what is no change, and assigns the others', async () => {
      const page = await shown(assigning('user^gwen'));
      await dialog(page).getByRole('button', { name: 'Add another' }).click();
      const second = dialog(page).getByRole('group', { name: 'Assignment 2' });
      await second.getByLabel('Subject').fill('user^lee');
      await second.getByLabel('Role').fill('role^library_user');
      await second.getByLabel('Scope').fill('lib^lib:Org1:math');
      await review(page, 'both of them');
      await dialog(page).getByRole('heading', { name: 'This is what changes' }).waitFor();
      const items = await dialog(page).getByRole('listitem').allInnerTexts();
      expect(items[0]).toContain('no change: has it already');
      expect(items[1]).not.toContain('no change');
      await dialog(page).getByRole('button', { name: 'Assign 1 role' }).click();
      await dialog(page).getByRole('heading', { name: 'Done' }).waitFor();
      await until(
        () => demo.records('subject=user^lee'),
        ({ length }) => length === 1,
      );
    });

    it('outlives a session that ends meanwhile, also where the host answers that by its own page', async () => {
      const page = await shown(assigning('user^pia'));
      const answers = (url: URL): boolean => url.pathname.endsWith('/role-assignments');
      await page.route(answers, (route) =>
        route.fulfill({ contentType: 'text/html', body: '<h1>Please sign in</h1>' }),
      );
      await review(page, 'asked for by phone');
      await dialog(page)
        .getByRole('heading', { name: /^You are not signed in/ })
        .waitFor();
      await page.unroute(answers);
      await page.reload(); // as somebody comes back who has signed in
      await dialog(page).getByLabel('Subject').waitFor();
      expect(await dialog(page).getByLabel('Reason, for the record').inputValue()).toBe('asked for by phone');
      await dialog(page).getByRole('button', { name: 'Review' }).click();
      await dialog(page).getByRole('heading', { name: 'This is what changes' }).waitFor();
    });

    it('tells at the field what is wrong with it', async () => {
      const page = await shown(assigning('nobody'));
      await review(page, 'a try');
      await dialog(page).getByRole('alert').waitFor();
      expect(await dialog(page).getByLabel('Subject').getAttribute('aria-invalid')).toBe('true');
      expect(await dialog(page).getByLabel('Role').getAttribute('aria-invalid')).toBeNull();
    });

    it('removes one from its row, and several that are selected, each with a reason', async () => {
      const three = ['user^mia', 'user^noa', 'user^oli'].map((subject) =>
        here(subject, 'role^library_user', 'lib^lib:Org7:x'),
      );
      await demo.assign(three);
      const page = await shown('?scope=lib%5Elib%3AOrg7%3Ax');
      await page.getByRole('button', { name: 'Remove user^mia, role^library_user, lib^lib:Org7:x' }).click();
      await review(page, 'left');
      await dialog(page).getByText('user^mia loses role^library_user in lib^lib:Org7:x').waitFor();
      await dialog(page).getByRole('button', { name: 'Remove 1 role' }).click();
      await dialog(page).getByRole('heading', { name: 'Done' }).waitFor();
      await dialog(page).getByRole('button', { name: 'Close' }).last().click();
      await until(
        () => rows(page).count(),
        (count) => count === 2,
      );
      await page.getByRole('checkbox', { name: 'Select all shown' }).check();
      await page.getByRole('button', { name: 'Remove 2 selected' }).click();
      await review(page, 'the library is closed');
      await dialog(page).getByRole('button', { name: 'Remove 2 roles' }).click();
      await dialog(page).getByRole('heading', { name: 'Done' }).waitFor();
      await dialog(page).getByRole('button', { name: 'Close' }).last().click();
      await page.getByRole('heading', { name: 'No assignments' }).waitFor();
      const removed = await demo.records('scope=lib^lib:Org7:x&operation=deleted');
      expect(removed.map(({ subject, reason }) => [subject, reason]).sort()).toEqual([
        ['user^mia', 'left'],
        ['user^noa', 'the library is closed'],
        ['user^oli', 'the library is closed'],
      ]);
    });

    it('sends nothing twice, however often the button is pressed', async () => {
      const page = await shown(assigning('user^pat'));
      let sent = 0;
      let answer: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (answer = resolve));
      await page.route('**/authz/role-assignments', async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        sent++;
        await held;
        return route.continue();
      });
      await review(page, 'once');
      const button = dialog(page).getByRole('button', { name: 'Assign 1 role' });
      await button.dblclick();
      await dialog(page).getByRole('button', { name: 'Sending …' }).click({ force: true });
      await page.keyboard.press('Enter');
      answer();
      await dialog(page).getByRole('heading', { name: 'Done' }).waitFor();
      expect(sent).toBe(1);
    });

    it('says that nobody knows what became of it, and looks before it is repeated', async () => {
      const page = await shown(assigning('user^quinn'));
      await page.route('**/authz/role-assignments', async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        await route.fetch(); // it is done, and the answer is lost
        return route.fulfill({
          status: 503,
          json: { statusCode: 503, code: 'OUTCOME_UNKNOWN', message: 'The connection was lost.' },
        });
      });
      await review(page, 'maybe');
      await dialog(page).getByRole('button', { name: 'Assign 1 role' }).click();
      await dialog(page).getByRole('heading', { name: 'Nobody knows whether this was done' }).waitFor();
      await dialog(page).getByRole('button', { name: 'Look' }).click();
      await dialog(page).getByRole('heading', { name: 'Nothing would change' }).waitFor();
      expect(await dialog(page).getByRole('listitem').innerText()).toContain('no change: has it already');
    });

    it('keeps what was written when the session ends meanwhile', async () => {
      const page = await shown(assigning('user^rita'));
      await page.evaluate('sessionStorage.removeItem("grantlog-demo-token")');
      await review(page, 'a reason that took long to write');
      await dialog(page)
        .getByRole('heading', { name: /session has ended/ })
        .waitFor();
      const field = dialog(page).getByLabel('Reason, for the record');
      expect(await field.inputValue()).toBe('a reason that took long to write');
    });
  });

  it.each<[string, () => string]>([
    ['now', () => '?subject=user%5Egwen'],
    ['as of a moment', () => `?mode=as-of&asOf=${moments[1]}&subject=user%5Egwen`],
    ['the difference', () => `?mode=difference&from=${moments[0]}&to=${moments[2]}&subject=user%5Egwen`],
    ['the history', () => '?mode=history&subject=user%5Egwen'],
    ['nothing found', () => '?subject=user%5Enobody'],
    ['a field that is wrong', () => '?subject=nobody'],
    ['no moment yet', () => '?mode=as-of'],
  ])('fit a phone, and have no serious finding of axe in light and dark: %s', async (_, hash) => {
    const page = await shown(hash());
    const settled = page
      .getByRole('cell')
      .or(page.getByRole('alert'))
      .or(page.getByRole('heading', { level: 2 }));
    await settled.first().waitFor();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await page.setViewportSize(phone);
    expect(await sidewaysScroll(page)).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('are changed in a dialog of which the same is true', async () => {
    const page = await shown(`?${new URLSearchParams({ change: 'assign', ...here('user^sue') }).toString()}`);
    const dialog = page.getByRole('dialog');
    const check = async (step: string) => {
      expect([step, await seriousFindingsInBoth(page)]).toEqual([step, []]);
      await page.setViewportSize(phone);
      expect([step, await sidewaysScroll(page)]).toEqual([step, 0]);
      await page.setViewportSize({ width: 1280, height: 900 });
    };
    await dialog.waitFor();
    await check('draft');
    await dialog.getByLabel('Reason, for the record').fill('x'.repeat(255));
    await dialog.getByRole('button', { name: 'Review' }).click();
    await dialog.getByRole('button', { name: 'Assign 1 role' }).waitFor();
    await check('review');
    await dialog.getByRole('button', { name: 'Assign 1 role' }).click();
    await dialog.getByRole('heading', { name: 'Done' }).waitFor();
    await check('made');
  });
});
