import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** What the compiler says of a module that stands beside the tests. */
function problemsOf(source: string): string[] {
  const file = join(root, 'test', 'readme-example.ts');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.readFile = (path) => (path === file ? source : readFile(path));
  host.getSourceFile = (path, languageVersion, ...rest) =>
    path === file ? ts.createSourceFile(path, source, languageVersion) : getSourceFile(path, languageVersion, ...rest);
  const program = ts.createProgram([file], { ...options, noEmit: true }, host);
  const problems = ts.getPreEmitDiagnostics(program, program.getSourceFile(file));
  return problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the README', () => {
  const [example = ''] = /(?<=```ts\n)import [\s\S]*?(?=```)/.exec(readme) ?? [];

  it('has an example that compiles', () => {
    expect(example).toContain('GrantlogModule.forRoot');
    expect(problemsOf(example)).toEqual([]);
  });

  it('would not pass with an example that does not', () => {
    expect(problemsOf(example.replace('roles.assign', 'roles.asign'))).toHaveLength(1);
  });

  it('names a test for each promise, and the test is there', () => {
    const tests = [...readme.matchAll(/\]\((test\/[^)]+)\)/g)].map(([, path = '']) => path);
    expect(tests).toHaveLength(58);
    for (const path of tests) expect(readFileSync(join(root, path), 'utf8')).toMatch(/^ *it[(.]/m);
  });
});
