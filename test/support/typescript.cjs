/**
 * Lets `node -r typescript.cjs file.ts` run our TypeScript, translated on the way in as jest does it: for tests whose nodes
 * are processes of their own, so that they can be killed, frozen and started again.
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
const sources = {
  grantlog: join(root, 'libs', 'grantlog', 'src', 'index.ts'),
  'local-postgres': join(root, 'libs', 'local-postgres', 'src', 'index.ts'),
};
const resolve = Module._resolveFilename;
Module._resolveFilename = function (name, ...rest) {
  return resolve.call(this, Object.hasOwn(sources, name) ? sources[name] : name, ...rest);
};
