import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import * as grantlog from 'grantlog';
import { builtImports, filesOf } from './support/built-imports';
import { createDatabase } from './support/database';
import { FreshApp, type Layout, packedLibrary } from './support/fresh-app';
import { expectedReport, type Report, reportIn } from './support/fresh-app-report';
import { openApiFacts } from './support/openapi-facts';
import { ended } from './support/program';

const root = join(__dirname, '..');
const minute = 60_000;

/** What an app has before it installs the package, and how it may be compiled: Nest's own templates changed between the two. */
const hosts = {
  'Nest 12': {
    releases: { nest: '^12.0.0', swagger: '^12.0.0', typeorm: '^12.0.0', events: '^12.0.0' },
    layouts: ['CommonJS, nodenext', 'ES modules, nodenext'],
  },
  'Nest 11': {
    releases: { nest: '^11.0.0', swagger: '^11.0.0', typeorm: '^11.0.1', events: '^3.0.0' },
    layouts: ['CommonJS, node10', 'ES modules, nodenext'],
  },
} as const satisfies Record<string, { releases: Record<string, string>; layouts: readonly Layout[] }>;
type Host = keyof typeof hosts;
const everyHost = Object.keys(hosts) as Host[];

const dependenciesOf = ({ nest, swagger, typeorm, events }: (typeof hosts)[Host]['releases']) => ({
  '@nestjs/common': nest,
  '@nestjs/core': nest,
  '@nestjs/platform-express': nest,
  '@nestjs/swagger': swagger,
  '@nestjs/typeorm': typeorm,
  '@nestjs/event-emitter': events,
  '@types/node': '^20.19.0',
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.0',
  typescript: '^6.0.3',
});

/** What must be there once only: classes are injection tokens, and metadata is kept beside them. */
const shared = ['@nestjs/common', '@nestjs/core', 'casbin', 'eventemitter2', 'reflect-metadata', 'rxjs', 'typeorm'];

/** Declared, though no built file names them. */
const notImported = {
  mongodb: 'typeorm-adapter does not load without it and does not declare it (adr/0007)',
  pg: 'TypeORM loads the driver by its name',
  'reflect-metadata': 'decorators call Reflect.metadata in every built class',
  rxjs: "Nest's types name it: what a guard answers may be an Observable",
  '@nestjs/typeorm': 'provides the DataSource under the token that TypeORM itself is',
};

interface Manifest {
  readonly version: string;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional: boolean }>;
}

describe('the package', () => {
  let folder: string;
  let tarball: string;
  const apps = {} as Record<Host, FreshApp>;
  const reports = {} as Record<Host, Report>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'grantlog-package-'));
    tarball = await packedLibrary(folder);
    const install = async (host: Host) => {
      apps[host] = await FreshApp.install(join(folder, host), tarball, dependenciesOf(hosts[host].releases));
    };
    const outcomes = await Promise.allSettled(everyHost.map(install)); // none may still write where the folder is removed
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }, 6 * minute);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  const installed = (...steps: string[]) => apps['Nest 12'].path('node_modules', 'grantlog', ...steps);
  const manifest = () => apps['Nest 12'].load<Manifest>('grantlog/package.json');
  const tool = (name: string, ...args: string[]) =>
    ended(process.execPath, [join(root, 'node_modules', ...name.split('/')), ...args], { cwd: folder, limit: minute });

  it('holds what runs and what is read, and no sources or tests', async () => {
    const files = filesOf(installed());
    const documents = filesOf(join(root, 'docs'))
      .filter((file) => !file.startsWith('console/')) // pictures
      .map((file) => `docs/${file}`);
    const read = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', ...documents].sort();
    expect(files.filter((file) => !/^(dist|console)\//.test(file)).sort()).toEqual(read);
    const compiled = files.filter((file) => file.startsWith('dist/'));
    expect(compiled.filter((file) => !/\.(js|js\.map|d\.ts)$/.test(file))).toEqual([]);
    expect(files.filter((file) => file.includes('.spec.'))).toEqual([]);
    for (const file of ['LICENSE', 'CHANGELOG.md', ...documents]) {
      expect(await readFile(installed(file), 'utf8')).toBe(await readFile(join(root, file), 'utf8'));
    }
  });

  it('holds the console as it was built, and no source of it', async () => {
    const console = filesOf(installed('console'));
    const hashed = console.map((file) => file.replace(/-[\w-]{8}\./, '-*.'));
    expect(hashed.sort()).toEqual(['assets/index-*.css', 'assets/index-*.js', 'index.html']);
    for (const file of console) {
      const text = await readFile(installed('console', file), 'utf8');
      expect([file, text.includes(root), /sourceMappingURL|\bfileName:/.test(text)]).toEqual([file, false, false]);
    }
  });

  it('links to no file that it does not hold', async () => {
    const files = filesOf(installed());
    const dead: string[] = [];
    for (const document of files.filter((file) => file.endsWith('.md'))) {
      const links = (await readFile(installed(document), 'utf8')).matchAll(/\]\((?!#|https?:)([^)#]+)/g);
      for (const [, link = ''] of links) {
        if (!files.includes(posix.join(posix.dirname(document), link))) dead.push(`${document}: ${link}`);
      }
    }
    expect(files).toContain('docs/moving-in.md');
    expect(dead).toEqual([]);
  });

  it('shows a debugger its sources', async () => {
    const map = JSON.parse(await readFile(installed('dist', 'index.js.map'), 'utf8')) as { sourcesContent: string[] };
    expect(map.sourcesContent).toEqual([await readFile(join(root, 'libs/grantlog/src/index.ts'), 'utf8')]);
  });

  it('declares types for users only, without the members marked @internal', async () => {
    const types = await readFile(installed('dist', 'enforcer', 'audited-enforcer.d.ts'), 'utf8');
    expect(types).toContain('caughtUp(token?: string');
    expect(types).not.toMatch(/@internal|attach\(|tellWatchers/);
  });

  it('is clean for publint', async () => {
    const { code, stdout } = await tool('publint/src/cli.js', tarball, '--strict');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('All good!') });
  });

  it('has the right types for every way to resolve them', async () => {
    const { code, stdout } = await tool('@arethetypeswrong/cli/dist/index.js', tarball, '--format', 'ascii');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('No problems found') });
  });

  it('declares what it imports, and nothing else', () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = manifest();
    const { needed, optional } = builtImports(installed('dist'));
    const declared = Object.keys({ ...dependencies, ...peerDependencies });
    const may = Object.keys(peerDependenciesMeta);
    expect([...needed].filter((name) => !declared.includes(name) || may.includes(name))).toEqual([]);
    expect([...optional].filter((name) => !may.includes(name))).toEqual([]);
    const unnamed = declared.filter((name) => !needed.has(name) && !optional.has(name));
    expect(unnamed.sort()).toEqual(Object.keys(notImported).sort());
  });

  it('is tested with what it declares', async () => {
    const { dependencies, peerDependencies } = manifest();
    const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
    for (const [name, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
      const newest = range.split(' || ').at(-1) ?? '';
      expect(`${name} ${newest}`).toBe(`${name} ^${newest.slice(1)}`);
      expect(isWithin(own.dependencies[name] ?? '', newest.slice(1))).toBe(true);
    }
  });

  it('has a README whose example is the app that runs here, as the one of the repository', async () => {
    const readme = await readFile(installed('README.md'), 'utf8');
    const example = await readFile(join(root, 'test', 'fresh-app', 'app.module.ts'), 'utf8');
    expect(readme).toContain(`\n${example}\`\`\`\n`);
    expect(readme).toContain(`\n${await readFile(join(root, 'test', 'fresh-app', 'model.conf'), 'utf8')}\`\`\`\n`);
    expect(await readFile(join(root, 'README.md'), 'utf8')).toContain(`\n${example}\`\`\`\n`);
  });

  describe.each(everyHost)('in a fresh app on %s', (host) => {
    const { layouts } = hosts[host];

    it('finds its peers, and there is one copy of what both share', async () => {
      const app = apps[host];
      expect(await app.npm('ls')).not.toMatch(/UNMET|invalid|extraneous/);
      const lock = await readFile(app.path('node_modules', '.package-lock.json'), 'utf8');
      const { packages } = JSON.parse(lock) as { packages: object };
      const copies = Object.keys(packages).filter((path) => shared.includes(path.replace(/^.*node_modules\//, '')));
      expect(copies.sort()).toEqual(shared.map((name) => `node_modules/${name}`));
    });

    it(
      `compiles: ${layouts.join('; ')}`,
      async () => {
        const compiled = await Promise.all(layouts.map((layout) => apps[host].compile(layout)));
        expect(compiled).toEqual(layouts.map(() => ({ code: 0, stdout: '', stderr: '' })));
      },
      3 * minute,
    );

    it.each(layouts)(
      'boots, migrates, assigns, reads and ends: %s',
      async (layout) => {
        const databases = await Promise.all([createDatabase(), createDatabase(), createDatabase()]);
        try {
          const [own, moved, enforcers] = databases.map(({ url }) => url);
          const env = { DATABASE_URL: own, NEST_AUTHZ_DATABASE_URL: moved, OWN_ENFORCER_DATABASE_URL: enforcers };
          const { stdout, stderr } = await apps[host].run(layout, env);
          const report = reportIn(stdout);
          reports[host] = report;
          expect(stderr).toBe('');
          expect(stdout).toMatch(/^#1 role_assignment\.created: user\^42 by null$/m);
          expect(report).toMatchObject(expectedReport);
          expect(report.copies.names).toBe(Object.keys(grantlog).length);
        } finally {
          await Promise.all(databases.map((database) => database.drop()));
        }
      },
      minute,
    );
  });

  it('describes its endpoints alike on both', () => {
    const [twelve, eleven] = [reports['Nest 12'], reports['Nest 11']].map(({ http }) => openApiFacts(http.document));
    expect(twelve).toHaveProperty(['GET /authz/audit-records', 'parameters', 'query limit', 'schema', 'maximum'], 200);
    expect(eleven).toEqual(twelve);
  });
});

/** Whether a version is one of `^least`; both have three numbers and a major above 0. */
function isWithin(version: string, least: string): boolean {
  const [numbers, from] = [version, least].map((text) => text.split('.').map(Number)) as [number[], number[]];
  const compared = numbers.map((number, at) => Math.sign(number - (from[at] ?? 0))).find((sign) => sign !== 0) ?? 0;
  return numbers[0] === from[0] && compared >= 0;
}
