import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface BuiltImports {
  /** Packages without which a built file does not load, or its types do not. */
  readonly needed: Set<string>;
  /** Packages that it does without: `optionalPeer('…')`. */
  readonly optional: Set<string>;
}

const needed = [/\brequire\("([^"]+)"\)/g, /\b(?:from|import) ["']([^"']+)["']/g, /\bimport\("([^"]+)"\)/g];
const optional = [/\boptionalPeer\)\(['"]([^'"]+)['"]\)/g];

/** What the built files of a package import, as far as it is neither a file of its own nor a part of Node. */
export function builtImports(folder: string): BuiltImports {
  const texts = filesOf(folder)
    .filter((file) => /\.(js|d\.ts)$/.test(file))
    .map((file) => withoutComments(readFileSync(join(folder, file), 'utf8')));
  const optionally = packagesIn(texts, optional);
  const all = packagesIn(texts, needed);
  return { needed: new Set([...all].filter((name) => !optionally.has(name))), optional: optionally };
}

/** Every file below a folder, by its path from there. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function packagesIn(texts: readonly string[], patterns: readonly RegExp[]): Set<string> {
  const specifiers = texts.flatMap((text) =>
    patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier = '']) => specifier)),
  );
  const outside = specifiers.filter((specifier) => !/^(\.|node:)/.test(specifier));
  return new Set(outside.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier));
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
