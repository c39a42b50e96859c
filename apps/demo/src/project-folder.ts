import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The nearest folder above that holds the package, wherever the compiled files lie. */
export function projectFolder(from = __dirname): string {
  return existsSync(join(from, 'nest-cli.json')) || resolve(from, '..') === from
    ? from
    : projectFolder(resolve(from, '..'));
}
