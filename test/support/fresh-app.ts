import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type Ended, ended, output } from './program';

const root = join(__dirname, '..', '..');
const minute = 60_000;

/** `npm pack` of the library into an empty folder, as CONTRIBUTING.md says it. @returns the file */
export async function packedLibrary(folder: string): Promise<string> {
  await output('npm', ['pack', './libs/grantlog', '--pack-destination', folder], { cwd: root, limit: 3 * minute });
  const [file = ''] = await readdir(folder);
  return join(folder, file);
}

/** How an app may be compiled against the package. The declarations of all packages are checked once for each app: it takes long. */
export const layouts = {
  'CommonJS, nodenext': { type: 'commonjs', compilerOptions: { module: 'nodenext' } },
  'ES modules, nodenext': { type: 'module', compilerOptions: { module: 'nodenext', skipLibCheck: true } },
  // Without this notice TypeScript 6 refuses what the templates of Nest 11 and older still have.
  'CommonJS, node10': {
    type: 'commonjs',
    compilerOptions: { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' },
  },
} as const;
export type Layout = keyof typeof layouts;

const compilerOptions = {
  target: 'ES2023',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
  skipLibCheck: false,
  rootDir: '.',
  outDir: 'dist',
};

const quickly = ['--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
// Nothing that an app needs has install scripts; what has one here only counts its downloads.
const asItIs = ['--include=dev', '--ignore-scripts'];

/** A user's app in a folder of its own, with nothing of this repository but the tarball and the sources of test/fresh-app. */
export class FreshApp {
  private constructor(readonly folder: string) {}

  /** @param dependencies what the app has before; then come the commands of the library's README */
  static async install(folder: string, tarball: string, dependencies: Record<string, string>): Promise<FreshApp> {
    const app = new FreshApp(folder);
    await app.write('package.json', { name: 'fresh-app', private: true, dependencies });
    await copyFile(tarball, app.path(basename(tarball)));
    for (const args of await commandsOfReadme()) await app.npm(...args, ...quickly, ...asItIs);
    return app;
  }

  path(...steps: string[]): string {
    return join(this.folder, ...steps);
  }

  async npm(...args: string[]): Promise<string> {
    try {
      return await output('npm', args, { cwd: this.folder, limit: 4 * minute });
    } catch (error) {
      throw new Error('npm failed in a fresh app. This test needs the npm registry, or what it once fetched from it.', {
        cause: error,
      });
    }
  }

  /** Compiles the app of test/fresh-app with every file that it leads to. */
  async compile(layout: Layout): Promise<Ended> {
    const folder = this.path(layout);
    const { type, compilerOptions: own } = layouts[layout];
    await cp(join(root, 'test', 'fresh-app'), folder, { recursive: true });
    await this.write(join(layout, 'package.json'), { type });
    await this.write(join(layout, 'tsconfig.json'), { compilerOptions: { ...compilerOptions, ...own } });
    const compiler = this.path('node_modules', 'typescript', 'bin', 'tsc');
    return ended(process.execPath, [compiler, '-p', folder], { cwd: folder, limit: 2 * minute });
  }

  /** Runs the compiled app. */
  run(layout: Layout, env: NodeJS.ProcessEnv): Promise<Ended> {
    const options = { cwd: this.path(layout), env: { ...process.env, ...env }, limit: minute };
    return ended(process.execPath, [join('dist', 'main.js')], options);
  }

  /** A package as it is installed. */
  load<T>(name: string): T {
    return createRequire(this.path('package.json'))(name) as T;
  }

  private async write(file: string, content: object): Promise<void> {
    await mkdir(dirname(this.path(file)), { recursive: true });
    await writeFile(this.path(file), JSON.stringify(content));
  }
}

/** The `npm install …` of the section Install. */
async function commandsOfReadme(): Promise<string[][]> {
  const readme = await readFile(join(root, 'libs', 'grantlog', 'README.md'), 'utf8');
  const commands = [...readme.matchAll(/^npm (install [^#\n]+)/gm)].map(([, args = '']) => args.trim().split(/ +/));
  if (commands.length === 0) throw new Error('libs/grantlog/README.md has no npm install');
  return commands;
}
