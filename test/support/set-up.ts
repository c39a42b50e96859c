import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumPath } from '../../apps/console/test/support/chromium';
import { buildConsole, buildDemo } from './builds';
import startPostgres from './start-postgres';

/** What jest says of a run, as far as it is read here. */
interface Run {
  readonly rootDir: string;
  readonly testPathPatterns: {
    toExecutor(options: { rootDir: string }): { isMatch(path: string): boolean };
  };
}

/** Before the first test. What is built is built here: specs of two workers would build it under each other's feet. */
export default async function setUp({ rootDir, testPathPatterns }: Run): Promise<void> {
  const asked = testPathPatterns.toExecutor({ rootDir });
  const runs = (folder: string, spec: RegExp): boolean =>
    readdirSync(join(rootDir, folder)).some((name) => spec.test(name) && asked.isMatch(join(rootDir, folder, name)));
  const wantsBrowser = runs('apps/console/test', /\.browser\.spec\.ts$/);
  const inBrowser = wantsBrowser && existsSync(chromiumPath);
  if (wantsBrowser && !inBrowser) process.stderr.write(`\n${skipped}\n`);
  if (inBrowser || runs('test', /^console-.*\.spec\.ts$/)) buildConsole();
  if (inBrowser || runs('apps/demo/test', /\.spec\.ts$/)) buildDemo();
  await startPostgres();
}

const skipped = `The tests of the console in a browser are skipped: there is no ${chromiumPath}. Install it (on Debian: apt-get install chromium), or name one in CHROMIUM_PATH.`;
