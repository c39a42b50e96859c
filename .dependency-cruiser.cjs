/**
 * Imports point one way: `contract` below everything, the module's wiring above everything (docs/flow.md shows the way).
 * Type-only imports count: a type that is needed further down stands in the wrong folder.
 */
const src = '^libs/grantlog/src/';

/** Each folder of the library, with the folders it may import and the reason for that. */
const folders = {
  contract: [[], 'The nouns are read by everybody, so they must not know anybody.'],
  context: [['contract'], 'Who is acting is known before anything happens, so it rests on the nouns alone.'],
  database: [['contract'], 'A connection of our own knows nothing of what is sent over it.'],
  sweep: [[], 'A loop that repeats a step knows nothing of the step.'],
  outbox: [
    ['contract', 'context', 'database', 'sweep'],
    'The outbox meets the trail only through the event, so that either can fail alone.',
  ],
  rules: [
    ['outbox', 'context', 'contract', 'database'],
    'The table writes rule and outbox row together; what becomes of the event afterwards is not its business.',
  ],
  policy: [
    ['rules', 'contract'],
    'The policy that Casbin decides by is plain data: where it comes from is not its business.',
  ],
  memory: [
    ['policy', 'rules', 'contract', 'database', 'sweep'],
    'Memory follows committed rules and must not be able to change one.',
  ],
  attempts: [
    ['rules', 'outbox', 'context', 'contract', 'database', 'sweep'],
    'An attempt is a change that did not come about, so it knows changes and no change knows it.',
  ],
  'host-enforcer': [
    ['policy', 'contract'],
    'What a host has built is read and checked before anything of ours is made of it.',
  ],
  enforcer: [
    ['attempts', 'host-enforcer', 'memory', 'policy', 'rules', 'outbox', 'context', 'contract'],
    'The Casbin seam leads calls to the table and questions to memory; it sends no SQL of its own.',
  ],
  reads: [
    ['outbox', 'context', 'contract', 'database'],
    'That somebody reads is an event like any other, so it goes into the outbox and knows nothing of what is read.',
  ],
  imports: [
    ['rules', 'context', 'contract'],
    'Rules from outside are changes like any other, so they come in by the way that is recorded.',
  ],
  assignments: [
    ['past', 'attempts', 'rules', 'outbox', 'context', 'contract', 'database'],
    'Role changes are a typed face of the enforcer: a way past it would be a way past the audit.',
  ],
  trail: [
    ['contract', 'database'],
    'The log knows the event and nothing of how it came about, so that it outlives what it names.',
  ],
  explain: [
    ['enforcer', 'host-enforcer', 'policy', 'rules', 'trail', 'contract', 'database'],
    'An explanation decides anew over what the database holds: it knows how the enforcer is made, and may not touch the one in use.',
  ],
  decisions: [
    ['enforcer', 'context', 'contract'],
    'What was decided is told to whoever listens; the enforcer does not know that it is overheard.',
  ],
  past: [
    ['trail', 'contract', 'database'],
    'What was in force is told by the log alone, whatever the table of the rules says now.',
  ],
  followers: [
    ['trail', 'contract', 'database', 'sweep'],
    'A follower reads the trail with its own cursor and may not touch the change.',
  ],
  reconcile: [
    ['trail', 'outbox', 'migrations', 'context', 'contract', 'database'],
    'Reconciling compares what the tables hold, so it must not rest on the code that keeps them in step.',
  ],
  health: [
    ['decisions', 'attempts', 'followers', 'trail', 'outbox', 'memory', 'contract', 'database'],
    'Health asks every stage how it is, and no stage knows that it is asked.',
  ],
  http: [
    [
      'explain',
      'health',
      'assignments',
      'past',
      'attempts',
      'reads',
      'trail',
      'followers',
      'outbox',
      'enforcer',
      'context',
      'contract',
    ],
    'The endpoints sit on top of the services, which must work without them.',
  ],
  'nest-authz': [
    ['host-enforcer', 'policy'],
    'A second door for users of nest-authz stands on the first one, as they do; it only knows besides how an enforcer is read.',
  ],
  cli: [
    [
      'explain',
      'reconcile',
      'past',
      'health',
      'migrations',
      'assignments',
      'followers',
      'trail',
      'policy',
      'rules',
      'outbox',
      'context',
      'contract',
      'database',
    ],
    'The command line sits on top of the services as the endpoints do, and serves hosts that mount none.',
  ],
  migrations: [['contract'], 'A shipped migration never changes, so it must not rest on code that does.'],
};

const page = '^apps/console/src/';

/** Likewise each folder of the console; links lead from view to view, not imports. */
const pageFolders = {
  api: [[], 'What the server says is asked for in one place, which knows nothing of how it is shown.'],
  parts: [['api'], 'A part is shown in every view, so it must not know any.'],
  records: [['parts', 'api'], 'A view stands on the parts, and another view is a link away.'],
  assignments: [['parts', 'api'], 'A view stands on the parts, and another view is a link away.'],
  why: [['parts', 'api'], 'A view stands on the parts, and another view is a link away.'],
  health: [['parts', 'api'], 'A view stands on the parts, and another view is a link away.'],
};

const tests = '(^test/|^bench/|^crash-matrix/|/test/|\\.spec\\.ts$)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Files that import each other cannot be understood, loaded or moved one at a time.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'An import that resolves to nothing escapes every other rule here and fails at start.',
      from: {},
      to: { couldNotResolve: true },
    },
    ...Object.entries(folders).map(([folder, [below, reason]]) => ({
      name: `${folder}-imports-downwards`,
      severity: 'error',
      comment: reason,
      from: { path: `${src}${folder}/` },
      to: { path: `${src}[^/]+/`, pathNot: `${src}(${[folder, ...below].join('|')})/` },
    })),
    ...Object.entries(pageFolders).map(([folder, [below, reason]]) => ({
      name: `console-${folder}-imports-downwards`,
      severity: 'error',
      comment: reason,
      from: { path: `${page}${folder}/` },
      to: { path: `${page}([^/]+/|app)`, pathNot: `${page}(${[folder, ...below].join('|')})/` },
    })),
    {
      name: 'every-folder-has-its-place',
      severity: 'error',
      comment: 'A folder is a stage, so a new one is first given its place among the others in this file.',
      from: {},
      to: {
        path: `(${src}|${page})[^/]+/`,
        pathNot: [`${src}(${Object.keys(folders).join('|')})/`, `${page}(${Object.keys(pageFolders).join('|')})/`],
      },
    },
    {
      name: 'folders-do-not-import-the-wiring',
      severity: 'error',
      comment: 'The door and the module gather the folders, so a folder that imports them imports everything.',
      from: { path: `${src}[^/]+/`, pathNot: `${src}nest-authz/` },
      to: { path: `${src}(index|grantlog\\.module)\\.ts$` },
    },
    {
      name: 'libs-stand-alone',
      severity: 'error',
      comment: 'A library is shipped without the apps, the tests and the benchmarks.',
      from: { path: '^libs/', pathNot: tests },
      to: { path: '^(apps|test|bench|crash-matrix)/' },
    },
    {
      name: 'grantlog-does-not-know-its-database-server',
      severity: 'error',
      comment: 'The host brings its DataSource; an embedded PostgreSQL is for the demo and the tests.',
      from: { path: '^libs/grantlog/' },
      to: { path: '^libs/local-postgres/' },
    },
    {
      name: 'one-door',
      severity: 'error',
      comment: 'What neither index.ts names may change any day, so only tests and benchmarks look behind them.',
      from: { pathNot: ['^libs/grantlog/', tests] },
      to: { path: src, pathNot: `${src}(nest-authz/)?index\\.ts$` },
    },
    {
      name: 'no-dev-dependencies-in-sources',
      severity: 'error',
      comment:
        'A development dependency is not installed where the code runs; types vanish at compile time and may stay. The console carries its own.',
      from: { path: '^(libs|apps)/', pathNot: [tests, page, '\\.config\\.[cm]?[jt]s$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'no-undeclared-dependencies',
      severity: 'error',
      comment: 'A package that package.json does not name is there by accident and gone with the next update.',
      // The specs of the package run in the workspace and are not in it, so they may have what the root's package.json names.
      from: { pathNot: '^libs/grantlog/.+\\.spec\\.ts$' },
      // An optional peer counts as npm-no-pkg too.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^(dist|coverage)/', '^(libs|apps)/[^/]+/(dist|coverage)/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types', 'typings'],
    },
  },
};
