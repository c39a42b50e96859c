import { createRequire } from 'node:module';

const load = createRequire(__filename);

/** A package that the host may have installed or not; `undefined` if it has not. */
export function optionalPeer<T>(name: string): T | undefined {
  try {
    return load(name) as T;
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === 'MODULE_NOT_FOUND' && message?.includes(`'${name}'`)) return undefined;
    throw error;
  }
}
