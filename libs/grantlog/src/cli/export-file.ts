import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Terminal } from './terminal';

/**
 * Writes a file that is there as a whole or not at all: beside its place first, under another name, and moved there at the end. What is no
 * plain file, such as a pipe, is written to directly.
 * @param fill writes its parts one after the other
 */
export async function writeFile(
  path: string,
  { signal }: Pick<Terminal, 'signal'>,
  fill: (write: (part: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const there = await stat(path).catch(() => undefined); // if it cannot be reached, opening it says why
  if (there && !there.isFile()) return filled(await open(path, 'w'), fill);
  const target = there ? await realpath(path) : path;
  const beside = `${target}.${randomUUID()}.partial`; // process ids come again, and what a killed process left stays
  const file = await open(beside, 'wx', there?.mode);
  const clean = (): void => rmSync(beside, { force: true });
  signal.addEventListener('abort', clean);
  try {
    await filled(file, fill, true);
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  } finally {
    signal.removeEventListener('abort', clean);
  }
}

async function filled(
  file: FileHandle,
  fill: (write: (part: string) => Promise<void>) => Promise<void>,
  lasting = false,
): Promise<void> {
  try {
    await fill((part) => file.appendFile(part));
    if (lasting) await file.sync();
  } finally {
    await file.close();
  }
}
