import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { GrantlogError } from '../contract/grantlog.error';
import type { ConsoleOptions } from './console-options';

/** Built from `apps/console`; it stands beside the compiled sources. */
const folder = join(__dirname, '..', '..', 'console');

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface ConsoleFile {
  readonly type: string;
  readonly content: Buffer;
}

/** The console as it was built: a page and files that it names by their content. Read once: nothing of it can be reached by a path. */
export class ConsoleFiles {
  private constructor(
    readonly page: ConsoleFile,
    private readonly assets: ReadonlyMap<string, ConsoleFile>,
  ) {}

  /** @throws GrantlogError if it has not been built */
  static read(options: ConsoleOptions): ConsoleFiles {
    try {
      const page = withOptions(readFileSync(join(folder, 'index.html'), 'utf8'), options);
      const names = readdirSync(join(folder, 'assets'));
      return new ConsoleFiles(
        { type: 'text/html; charset=utf-8', content: Buffer.from(page) },
        new Map(names.map(read)),
      );
    } catch (error) {
      throw new GrantlogError(
        'NOT_FOUND',
        `http.console: ${folder} does not hold the console. The package has it; in the workspace, run npm run build:console.`,
        { cause: error },
      );
    }
  }

  asset(name: string): ConsoleFile | undefined {
    return this.assets.get(name);
  }
}

function read(name: string): [string, ConsoleFile] {
  const type = types[extname(name)] ?? 'application/octet-stream';
  return [name, { type, content: readFileSync(join(folder, 'assets', name)) }];
}

const placeOfOptions = '<meta name="grantlog-console" content="{}"';

/** The page may run no script but its files, so that what the host says of itself stands in an attribute. */
function withOptions(page: string, options: ConsoleOptions): string {
  if (!page.includes(placeOfOptions)) throw new Error('The page has no place for the options.');
  const content = JSON.stringify(options).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return page.replace(placeOfOptions, () => placeOfOptions.replace('{}', () => content));
}
