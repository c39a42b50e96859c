/**
 * One node of the app in a process of its own, so that it can be killed: `node killed-process.cjs <url> <scenario>`. It says
 * what it has done in lines on stdout and then stays. TypeScript is translated on the way in, as jest does it.
 */
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const ts = require('typescript');

const root = join(__dirname, '..', '..');
const { compilerOptions } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config;
const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, sourceMap: false }, root);

require.extensions['.ts'] = (module, file) => {
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), { fileName: file, compilerOptions: options });
  module._compile(outputText, file);
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  const target = name === 'grantlog' ? join(root, 'libs', 'grantlog', 'src', 'index.ts') : name;
  return resolve.call(this, target, ...rest);
};

const { startApp } = require('./app.ts');
const assignment = (name) => ({ subject: `user^${name}`, role: 'role^reader', scope: '*' });
const say = (line) => process.stdout.write(`${line}\n`);

const scenarios = {
  /** Changes of every kind: committed alone, in a transaction, in a batch; rolled back; and never finished. */
  async everyKind({ assignments, dataSource, enforcer }) {
    await assignments.assign(assignment('alone'));
    await dataSource.transaction((manager) => assignments.assign(assignment('in-transaction'), { manager }));
    await enforcer.addGroupingPolicies(['batch-1', 'batch-2'].map((name) => Object.values(assignment(name))));
    await dataSource
      .transaction(async (manager) => {
        await assignments.assign(assignment('rolled-back'), { manager });
        throw new Error('the caller changed its mind');
      })
      .catch(() => undefined);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await assignments.assign(assignment('unfinished'), { manager: runner.manager });
    say('done');
  },

  /** One change after the other, each said when it is answered. */
  async forEver({ assignments }) {
    for (let n = 0; ; n += 1) {
      const { subject } = assignment(n);
      await assignments.assign(assignment(n));
      say(subject);
    }
  },
};

scenarios.throughLosses = async ({ assignments }) => {
  const caller = async (name) => {
    for (let n = 0; ; n += 1) {
      const { subject } = assignment(`${name}-${n}`);
      const done = await assignments.assign(assignment(`${name}-${n}`)).catch(() => undefined); // the connection was lost
      if (done) say(subject);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(caller));
};

const [, , url, scenario] = process.argv;
process.stdin.resume().on('end', () => process.exit(1)); // the test has ended without killing it
startApp({ url })
  .then((app) => scenarios[scenario](app))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
