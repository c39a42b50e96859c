/**
 * A program of its own that starts PostgreSQL and says so on one line of JSON: `node start-child.cjs <dataDir> [hold]`.
 * With `hold` it stays until its stdin is closed, otherwise until nothing keeps its event loop alive.
 */
const { transformSync } = require('@swc/core');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    filename: file,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'commonjs' },
  });
  module._compile(code, file);
};

const { startLocalPostgres } = require(join(__dirname, '..', 'src', 'index.ts'));
const [, , dataDir, stay] = process.argv;

startLocalPostgres({ dataDir }).then(
  ({ url, port, pid, adopted }) => {
    console.log(JSON.stringify({ url, port, pid, adopted }));
    if (stay === 'hold') process.stdin.resume();
  },
  (error) => {
    console.log(JSON.stringify({ code: error.code, error: error.message }));
    process.exitCode = 1;
  },
);
