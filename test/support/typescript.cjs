/**
 * Lets `node -r typescript.cjs file.ts` run our TypeScript, translated on the way in as jest does it: for tests whose nodes
 * are processes of their own, so that they can be killed, frozen and started again. A translation is kept until its source
 * changes, because many start.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');

const root = join(__dirname, '..', '..');
const kept = join(root, 'node_modules', '.cache', 'grantlog-tests');
const settings = readFileSync(join(root, 'tsconfig.json'), 'utf8');

function translate(source, file) {
  const ts = require('typescript');
  const { compilerOptions } = ts.parseConfigFileTextToJson('tsconfig.json', settings).config;
  const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, sourceMap: false }, root);
  return ts.transpileModule(source, { fileName: file, compilerOptions: options }).outputText;
}

require.extensions['.ts'] = (module, file) => {
  const source = readFileSync(file, 'utf8');
  const place = join(kept, `${createHash('sha256').update(settings).update(file).update(source).digest('hex')}.js`);
  let text;
  try {
    text = readFileSync(place, 'utf8');
  } catch {
    text = translate(source, file);
    mkdirSync(kept, { recursive: true });
    writeFileSync(`${place}.${process.pid}`, text);
    renameSync(`${place}.${process.pid}`, place); // whole, whoever else is writing it
  }
  module._compile(text, file);
};
const sources = {
  grantlog: join(root, 'libs', 'grantlog', 'src', 'index.ts'),
  'local-postgres': join(root, 'libs', 'local-postgres', 'src', 'index.ts'),
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  return resolve.call(this, Object.hasOwn(sources, name) ? sources[name] : name, ...rest);
};
