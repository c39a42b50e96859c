import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '..', '..');
/** Where the files of a document would stand: beside the tests, so that they find the packages. */
const folder = join(root, 'test', 'documented');

/** Parsed once: the files of packages are the same for every document. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options;
}

/** What a file exports, by name. */
export type Exports = Record<string, unknown>;

/** The TypeScript files of a document: blocks whose first line is a comment with their name. */
export class DocumentedCode {
  private constructor(
    readonly text: string,
    private readonly files: ReadonlyMap<string, string>,
  ) {}

  static of(document: string): DocumentedCode {
    const text = readFileSync(join(root, document), 'utf8');
    const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)];
    return new DocumentedCode(text, new Map(blocks.map(([, name = '', source = '']) => [name, source])));
  }

  get names(): string[] {
    return [...this.files.keys()];
  }

  /** The first block in another language. */
  block(language: string): string {
    return new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(this.text)?.[1] ?? '';
  }

  /** The same with another text in the place of one. */
  with(text: string, other: string): DocumentedCode {
    const files = [...this.files].map(([name, source]) => [name, source.replace(text, other)] as const);
    return new DocumentedCode(this.text, new Map(files));
  }

  /** What the compiler says of all the files together. */
  problems(): string[] {
    const options = { ...compilerOptions(), noEmit: true };
    const program = ts.createProgram(this.names.map(pathOf), options, this.host(options));
    const problems = this.names.flatMap((name) => [
      ...ts.getPreEmitDiagnostics(program, program.getSourceFile(pathOf(name))),
    ]);
    return problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  }

  /**
   * Runs the files, each when it is first asked for, as a new process would.
   * @param load loads packages
   * @param here what the files take for their own folder
   * @returns what gives the exports of a file
   */
  loader(load: (name: string) => unknown, here: string): (file: string) => Exports {
    const loaded = new Map<string, Exports>();
    const loadFile = (file: string): Exports => {
      const known = loaded.get(file);
      if (known) return known;
      const module = { exports: {} as Exports };
      loaded.set(file, module.exports);
      const find = (wanted: string): unknown =>
        wanted.startsWith('.') ? loadFile(this.resolve(file, wanted)) : load(wanted);
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- that the text of the document runs is what is tested
      const run = new Function('require', 'module', 'exports', '__dirname', this.javascript(file));
      run(find, module, module.exports, here);
      return module.exports;
    };
    return loadFile;
  }

  /** A file of `before/` finds those that stay as they are beside it. */
  private resolve(from: string, wanted: string): string {
    const beside = `${posix.join(dirname(from), wanted)}.ts`;
    return this.files.has(beside) ? beside : posix.basename(beside);
  }

  private javascript(name: string): string {
    const source = this.files.get(name);
    if (source === undefined) throw new Error(`the document has no ${name}; it has ${this.names.join(', ')}`);
    const options = {
      ...compilerOptions(),
      module: ts.ModuleKind.CommonJS,
      moduleResolution: undefined,
      sourceMap: false,
    };
    return ts.transpileModule(source, { compilerOptions: options }).outputText;
  }

  private host(options: ts.CompilerOptions): ts.CompilerHost {
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile, directoryExists } = host;
    const sourceOf = (path: string): string | undefined => {
      if (!path.startsWith(`${folder}/`)) return undefined;
      const name = path.slice(folder.length + 1);
      return this.files.get(name) ?? (name.startsWith('before/') ? this.files.get(posix.basename(name)) : undefined);
    };
    host.fileExists = (path) => sourceOf(path) !== undefined || fileExists(path);
    host.directoryExists = (path) => path.startsWith(folder) || directoryExists?.(path) === true;
    host.readFile = (path) => sourceOf(path) ?? readFile(path);
    host.getSourceFile = (path, languageVersion, ...rest) => {
      const source = sourceOf(path);
      if (source === undefined) {
        if (!parsed.has(path)) parsed.set(path, getSourceFile(path, languageVersion, ...rest));
        return parsed.get(path);
      }
      return ts.createSourceFile(path, source, languageVersion);
    };
    return host;
  }
}

function pathOf(name: string): string {
  return join(folder, name);
}
