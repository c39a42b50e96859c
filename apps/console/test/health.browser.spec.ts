import EventEmitter2 from 'eventemitter2';
import type { Locator, Page } from 'playwright-core';
import type { TestApp } from '../../../test/support/app';
import { Cluster } from '../../../test/support/cluster';
import { LetsPass } from '../../../test/support/http';
import { until } from '../../../test/support/until';
import { DemoConsole } from './support/demo-console';
import { focused, seriousFindings, seriousFindingsInBoth, sidewaysScroll } from './support/findings';
import { inBrowser, phone } from './support/in-browser';
import { tabTo } from './support/keyboard';

inBrowser('health, in the console', (visits) => {
  describe('of the demo', () => {
    let demo: DemoConsole;
    beforeAll(async () => {
      demo = await DemoConsole.start(visits); // connects as a superuser, who could change the log
    });
    afterAll(() => demo.stop());

    it('says whether all is well, stage by stage', async () => {
      const page = await demo.visit('admin', '#/health');
      await page.getByText('0 waiting to be recorded').waitFor();
      const terms = await page.getByRole('term').allInnerTexts();
      expect(terms).toEqual(['Outbox', 'Recording', 'Complete up to', 'Memory of a node', 'Attempts', 'Decisions']);
      await page.getByRole('row').filter({ hasText: 'host-listeners' }).waitFor();
      await page.getByText('Followers have taken every record.').waitFor();
    });

    it('says what would make the log append-only, ready to be copied', async () => {
      const page = await demo.visit('admin', '#/health');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.getByRole('heading', { name: 'Append-only: bypassable' }).waitFor();
      await page.getByRole('button', { name: 'Copy statements' }).click();
      await page.getByText('Copied').waitFor();
      const copied = await page.evaluate<string>('navigator.clipboard.readText()');
      expect(copied).toMatch(/GRANT|REVOKE|ROLE/);
      expect(copied).toBe(await page.getByLabel('Statements').innerText());
    });

    it('looks again by itself, says when it did, leaves the focus where it is, and can be stopped', async () => {
      const page = await demo.visit('admin', '#/health', { clock: true });
      const read = page.getByText(/^Read /).locator('time');
      const readAt = () => read.getAttribute('datetime');
      await read.waitFor();
      const checkbox = page.getByRole('checkbox', { name: 'again every 5 seconds' });
      await checkbox.focus();
      const first = await readAt();
      await page.clock.fastForward(6_000);
      const second = await until(readAt, (at) => at !== first);
      expect(await focused(page)).toBe('again every 5 seconds');
      await page.clock.fastForward(100);
      await checkbox.uncheck();
      const last = await until(readAt, (at) => at !== second); // once more
      let asked = 0;
      page.on('request', (request) => (asked += Number(request.url().endsWith('/health'))));
      await page.clock.fastForward(60_000);
      expect([await readAt(), asked]).toEqual([last, 0]);
    });

    it('says that it cannot be read any more, and goes on when it can', async () => {
      const page = await demo.visit('admin', '#/health', { clock: true });
      await page.getByText('Followers have taken every record.').waitFor(); // what comes last
      await page.context().setOffline(true);
      await page.clock.fastForward(6_000);
      await page.getByRole('alert').filter({ hasText: 'The server cannot be reached' }).waitFor();
      await page.context().setOffline(false);
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('alert').waitFor({ state: 'detached' });
    });

    it('is shown to a viewer of some scopes as far as the server says it', async () => {
      const page = await demo.visit('iris', '#/health');
      await page.getByText('0 waiting to be recorded').waitFor();
    });

    it('fits a phone, and has no serious finding of axe in light and dark', async () => {
      const page = await demo.visit('admin', '#/health');
      await page.getByRole('row').filter({ hasText: 'host-listeners' }).waitFor();
      expect(await seriousFindingsInBoth(page)).toEqual([]);
      await page.setViewportSize(phone);
      expect(await sidewaysScroll(page)).toBe(0);
      expect(await seriousFindings(page)).toEqual([]);
    });
  });

  describe('with records that a listener could not take', () => {
    let cluster: Cluster;
    let app: TestApp;
    let refuses = true;
    beforeAll(async () => {
      cluster = await Cluster.create();
      const emitter = new EventEmitter2({ wildcard: true });
      emitter.on('role_assignment.created', () => {
        if (refuses) throw new Error(`<b>cannot take it</b> ${'x'.repeat(300)}`);
      });
      app = await cluster.start({
        grantlog: { http: { guards: [LetsPass], console: true }, listeners: { emitter, maxAttempts: 1 } },
      });
      await until(
        () => app.followers.health(),
        ([follower]) => follower !== undefined,
      );
      for (const subject of ['user^1', 'user^2']) {
        await app.assignments.assign({ subject, role: 'role^reader', scope: 'lib^lib:Org1:math' });
      }
      await until(
        () => app.followers.health(),
        ([follower]) => follower?.parked === 2,
      );
      await app.nest.listen(0, '127.0.0.1');
    });
    afterAll(() => cluster.end());

    const parked = (page: Page): Locator => page.getByRole('button', { name: /^Retry #\d+ for host-listeners$/ });

    it('lists them with their last error, as text, and retries by keyboard; its answer is told', async () => {
      const page = await visits.open(`${await app.nest.getUrl()}/authz/console/#/health`);
      await parked(page).nth(1).waitFor();
      await page.getByText('<b>cannot take it</b>').first().waitFor();
      expect(await seriousFindingsInBoth(page)).toEqual([]);
      await page.setViewportSize(phone);
      expect(await sidewaysScroll(page)).toBe(0);
      await page.setViewportSize({ width: 1280, height: 900 });

      await tabTo(page, /^Retry #/);
      await page.keyboard.press('Enter');
      const told = page.getByRole('status').filter({ hasText: 'cannot take it' });
      await told.waitFor();
      expect(await parked(page).count()).toBe(2);

      refuses = false;
      await page.keyboard.press('Enter');
      await until(
        () => parked(page).count(),
        (count) => count === 1,
      );
      await until(
        () => focused(page),
        (name) => name === 'Parked records',
      );
      expect((await app.followers.health())[0]?.parked).toBe(1);
    });
  });
});
