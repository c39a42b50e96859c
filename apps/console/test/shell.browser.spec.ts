import { until } from '../../../test/support/until';
import { DemoConsole } from './support/demo-console';
import { focused, seriousFindingsInBoth, sidewaysScroll } from './support/findings';
import { inBrowser, phone } from './support/in-browser';

inBrowser('the console', (visits) => {
  let demo: DemoConsole;
  beforeAll(async () => {
    demo = await DemoConsole.start(visits);
  });
  afterAll(() => demo.stop());

  const signedOut = { name: 'You are not signed in, or your session has ended' };

  it('leads who is not signed in to the sign-in of the host, and back to the address as it was', async () => {
    const page = await visits.open(`${demo.address}#/records?actor=system%5Eimport&operation=created`);
    await page.getByRole('heading', signedOut).waitFor();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await page.getByRole('link', { name: 'Sign in' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Name' }).waitFor();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await until(
      () => focused(page),
      (name) => name === 'Name', // and the field says admin
    );
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Records', level: 1 }).waitFor();
    await page.getByRole('row').nth(1).waitFor();
    expect(page.url()).toBe(`${demo.address}#/records?actor=system%5Eimport&operation=created`);
  });

  it('leads back to no other server', async () => {
    const page = await visits.open(`${demo.demo.url}/sign-in?returnTo=https://elsewhere.invalid/`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Records', level: 1 }).waitFor();
    expect(page.url()).toBe(demo.address);
  });

  it('tells who may see nothing that it is so', async () => {
    const page = await demo.visit('ada', '#/records');
    await page.getByRole('heading', { name: 'You may not see this' }).waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('act^audit.read');
  });

  it('has a view for each address, and going back leads back', async () => {
    const page = await demo.visit('admin');
    for (const [name, hash] of [
      ['Assignments', 'assignments'],
      ['Why?', 'why'],
      ['Health', 'health'],
    ] as const) {
      const views = page.getByRole('navigation', { name: 'Views' });
      await views.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      expect(new URL(page.url()).hash).toBe(`#/${hash}`);
      await until(
        () => page.title(),
        (title) => title === `${name} · Grantlog`,
      );
      expect(await views.locator('[aria-current=page]').allTextContents()).toEqual([name]);
      await until(
        () => focused(page),
        (focus) => focus === name,
      ); // whoever uses the keyboard goes on at the heading
    }
    await page.goBack();
    await page.getByRole('heading', { name: 'Why?', level: 1 }).waitFor();
  });

  it('takes an address that it does not know for the records', async () => {
    const page = await demo.visit('admin', '#/nowhere?x=1');
    await page.getByRole('heading', { name: 'Records', level: 1 }).waitFor();
  });

  it('begins, for the keyboard, with a way past the navigation', async () => {
    const page = await demo.visit('admin', '#/records');
    await page.getByRole('row').nth(1).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Skip to what is shown');
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('Records');
    expect(new URL(page.url()).hash).toBe('#/records');
  });

  it('shows times in the zone of the browser or in UTC, with their offset, and remembers which', async () => {
    const page = await demo.visit('admin', '#/records');
    const time = page.getByRole('row').nth(1).locator('time');
    const offsets = async () => (await time.first().textContent())?.slice(-6);
    await time.first().waitFor();
    expect(await offsets()).toMatch(/^\+0[12]:00$/);
    await page.getByLabel('Times in').selectOption('UTC');
    await until(offsets, (offset) => offset === '+00:00');
    await page.reload();
    await time.first().waitFor();
    expect(await offsets()).toBe('+00:00');
  });

  it('says that the server cannot be reached, and goes on when it can', async () => {
    const page = await demo.visit('admin', '#/records');
    await page.getByRole('row').nth(1).waitFor();
    await page.context().setOffline(true);
    await page.goto(`${demo.address}#/records?actor=system%5Eimport`);
    await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('row').nth(1).waitFor();
  });

  it('outlives a server that is killed: what is shown stays, and it goes on when the server is back', async () => {
    const subjects = Array.from({ length: 60 }, (_, i) => `user^many-${i}`);
    await demo.assign(subjects.map((subject) => ({ subject, role: 'role^library_user', scope: 'lib^lib:Many:one' })));
    const page = await demo.visit('admin', '#/records?scope=lib%5Elib%3AMany%3Aone');
    await page.getByRole('row').nth(50).waitFor();
    const start = await demo.dies();
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByRole('heading', { name: 'The server cannot be reached' }).waitFor();
    expect(await page.getByRole('row').count()).toBe(51);
    await start();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('10 more: 60 records shown, which are all').waitFor();
  });

  it('fits a phone', async () => {
    const page = await demo.visit('admin', '', { viewport: phone });
    for (const view of ['records', 'assignments', 'why', 'health']) {
      await page.goto(`${demo.address}#/${view}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect([view, await sidewaysScroll(page)]).toEqual([view, 0]);
    }
  });
});
