import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** The outermost of `path` and the folders above it that the user may not pass or run, judged by the mode bits. */
export async function findClosedPath(path: string, user: { uid: number; gid: number }): Promise<string | undefined> {
  for (const step of stepsTo(resolve(path))) {
    const { mode, uid, gid } = await stat(step);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return step;
  }
  return undefined;
}

function stepsTo(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...stepsTo(parent), path];
}
