import type { Writable } from 'node:stream';
import type { LoggerService } from '@nestjs/common';
import { printable } from './printable';

/** What parts of the library have to say, on stderr. */
export function stderrLogger(stderr: Writable): LoggerService {
  const say = (message: unknown): void => {
    stderr.write(`grantlog: ${printable(String(message))}\n`);
  };
  return { log: say, warn: say, error: say };
}
