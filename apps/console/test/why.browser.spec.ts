import type { Locator, Page } from 'playwright-core';
import { until } from '../../../test/support/until';
import { DemoConsole } from './support/demo-console';
import { focused, seriousFindings, seriousFindingsInBoth, sidewaysScroll } from './support/findings';
import { inBrowser, phone } from './support/in-browser';
import { tabTo } from './support/keyboard';

const question = (subject: string, action: string, scope: string, more = {}) =>
  `?${new URLSearchParams({ subject, action: `act^content_libraries.${action}`, scope, ...more }).toString()}`;

inBrowser('why somebody may do something, in the console', (visits) => {
  let demo: DemoConsole;
  beforeAll(async () => {
    demo = await DemoConsole.start(visits);
    const vic = { subject: 'user^vic', role: 'role^library_author', scope: 'lib^lib:Axim:geometry' };
    await demo.assign([vic], 'writes a chapter');
    await demo.remove([vic], 'the chapter is written');
  });
  afterAll(() => demo.stop());

  const shown = (hash: string, user = 'admin') => demo.visit(user, `#/why${hash}`);
  const verdict = (page: Page, name: 'Allowed' | 'Denied'): Promise<void> =>
    page.getByRole('heading', { name }).waitFor();
  const main = (page: Page): Locator => page.getByRole('main');
  const allowed = question('user^joan', 'edit_settings', 'lib^lib:Axim:geometry');
  const denied = question('user^ada', 'edit_content', 'lib^lib:MITx:algorithms');

  it('is asked by keyboard, and answered by a chain of sentences, each with its record', async () => {
    const page = await shown('');
    await page.getByRole('heading', { name: 'Who, what and where?' }).waitFor();
    await tabTo(page, 'Subject');
    await page.keyboard.type('user^joan');
    await tabTo(page, 'Action');
    await page.keyboard.type('act^content_libraries.edit_settings');
    await tabTo(page, 'Scope');
    await page.keyboard.type('lib^lib:Axim:geometry');
    await page.keyboard.press('Enter');
    await verdict(page, 'Allowed');
    expect(new URL(page.url()).hash).toBe(`#/why${allowed}`);
    expect(await focused(page)).toBe('Scope'); // where the work goes on
    const steps = await main(page).getByRole('listitem').allInnerTexts();
    expect(steps[0]).toMatch(
      /^user\^joan has role\^library_admin in lib\^lib:Axim:\*\.?\s+Granted by system\^import on .* because/,
    );
    expect(steps.at(-1)).toMatch(/rule that decided.*role\^library_admin, act\^content_libraries\.edit_settings/s);
    const links = await main(page).getByRole('link', { name: 'record' }).all();
    expect(links.length).toBe(steps.length);
    await links[0]?.click();
    await page.getByRole('dialog').getByText('user^joan').first().waitFor();
  });

  it('says what is nearest when nothing allows it, and leads whoever may to assign it', async () => {
    const page = await shown(denied);
    await verdict(page, 'Denied');
    await page.getByText('No rule allows it.').waitFor();
    expect(await main(page).innerText()).toMatch(/This would allow it.*user\^ada lacks role\^library_/s);
    expect(await main(page).innerText()).toMatch(/Roles that the subject has there.*role\^library_user/s);
    await page.getByRole('link', { name: 'Assign it …' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.getByLabel('Subject').inputValue()).toBe('user^ada');
    expect(await dialog.getByLabel('Scope').inputValue()).toBe('lib^lib:MITx:algorithms');
  });

  it('offers that to nobody else', async () => {
    const page = await shown(denied, 'zoe');
    await verdict(page, 'Denied');
    await page.waitForLoadState('networkidle');
    expect(await page.getByRole('link', { name: 'Assign it …' }).count()).toBe(0);
  });

  it('names the rule that denies', async () => {
    const page = await shown(question('user^joan', 'delete_library', 'lib^lib:Axim:archive-2019'));
    await verdict(page, 'Denied');
    expect(await main(page).innerText()).toMatch(/A rule denies it.*delete_library, lib\^lib:Axim:archive-2019, deny/s);
  });

  it('is answered for the past by what held then', async () => {
    const [, granted] = await demo.records('subject=user^vic');
    const page = await shown(question('user^vic', 'reuse_content', 'lib^lib:Axim:geometry'));
    await verdict(page, 'Denied');
    await page.goto(
      `${demo.address}#/why${question('user^vic', 'reuse_content', 'lib^lib:Axim:geometry', { asOf: granted?.recordedAt })}`,
    );
    await verdict(page, 'Allowed');
    expect(await main(page).innerText()).toMatch(/as of .*writes a chapter/s);
  });

  it.each([
    ['Subject', question('user^'.padEnd(256, 'x'), 'edit_settings', 'lib^lib:Axim:geometry')],
    ['As of', question('user^joan', 'edit_settings', 'lib^lib:Axim:geometry', { asOf: '2001-01-01T00:00:00.000Z' })],
  ])('tells at the field what the server says of it: %s', async (field, hash) => {
    const page = await shown(hash);
    const wrong = page.locator('[aria-invalid=true]').and(page.getByLabel(field));
    await wrong.waitFor();
    expect(await page.getByRole('alert').count()).toBe(1);
    expect(await wrong.getAttribute('aria-describedby')).toBe(await page.getByRole('alert').getAttribute('id'));
  });

  it('shows a viewer of some scopes no more than they may see', async () => {
    const page = await shown(question('user^xenia', 'delete_library', 'lib^lib:Axim:calculus'), 'iris');
    await until(
      () => main(page).innerText(),
      (text) => /may not see|Allowed/.test(text),
    );
    expect(await main(page).innerText()).not.toContain('has role^library_admin in *');
  });

  it.each([
    ['allowed', allowed],
    ['denied', denied],
    ['nothing asked', ''],
    ['a field that is wrong', question('user^'.padEnd(256, 'x'), 'edit_settings', 'lib^lib:Axim:geometry')],
  ])('fits a phone, and has no serious finding of axe in light and dark: %s', async (_, hash) => {
    const page = await shown(hash);
    await page.getByRole('heading', { level: 2 }).or(page.getByRole('alert')).first().waitFor();
    expect(await seriousFindingsInBoth(page)).toEqual([]);
    await page.setViewportSize(phone);
    expect(await sidewaysScroll(page)).toBe(0);
    expect(await seriousFindings(page)).toEqual([]);
  });
});
