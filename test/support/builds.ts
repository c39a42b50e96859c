import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** Something that tests run as it is built: by which script, what it is made of, and the file that is written last. */
interface Build {
  readonly script: string;
  readonly sources: readonly string[];
  readonly last: string;
}

const page = ['apps/console/src', 'apps/console/index.html', 'apps/console/vite.config.mjs', 'package-lock.json'];

const consoleBuild: Build = { script: 'build:console', sources: page, last: 'libs/grantlog/console/index.html' };

const demoBuild: Build = {
  script: 'build',
  sources: [...page, 'apps/demo/src', 'libs/grantlog/src', 'libs/local-postgres/src', 'nest-cli.json', 'tsconfig.json'],
  last: 'dist/demo/libs/grantlog/console/index.html',
};

/** The console, where the library looks for it when it runs from its sources. */
export const buildConsole = (): void => build(consoleBuild);

/** The demo as `npm start` builds it, with a console of its own. */
export const buildDemo = (): void => build(demoBuild);

/** Builds unless what is there is younger than everything it is made of. Never while tests run: they read it. */
function build({ script, sources, last }: Build): void {
  const file = join(root, last);
  const begun = new Date();
  const builtAt = existsSync(file) ? statSync(file).mtimeMs : 0;
  if (sources.every((source) => changedAt(join(root, source)) < builtAt)) return;
  execFileSync('npm', ['run', script], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  utimesSync(file, begun, begun); // what was changed meanwhile is younger
}

/** When a file, or the latest of a folder, was changed. */
function changedAt(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}
