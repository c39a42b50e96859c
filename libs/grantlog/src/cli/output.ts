import type { Writable } from 'node:stream';
import { printable } from './printable';

/** What a command answers, on stdout: text for people, or JSON and nothing else. */
export class Output {
  private closed = false;

  constructor(
    private readonly stdout: Writable,
    /** Whether a program reads it (`--json`). */
    readonly json: boolean,
  ) {
    stdout.on('error', () => undefined); // told by the write that meets it
  }

  /** Whether the reader has gone away, as `head` does when it has enough: there is no use in writing more. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** The answer, as one line of JSON or as text. Control characters in the text are shown, and not obeyed. */
  show(value: unknown, text: () => string): Promise<void> {
    return this.write(this.json ? `${JSON.stringify(value)}\n` : `${printable(text())}\n`);
  }

  /**
   * Writes, and waits until it can take more. A reader that has gone away is no error.
   * @throws what else the system says, such as that the disk is full
   */
  write(chunk: string | Buffer): Promise<void> {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.stdout.write(chunk, (error) => {
        this.closed ||= error != null && codeOf(error) === 'EPIPE';
        if (!error || this.closed) resolve();
        else reject(error);
      });
    });
  }
}

function codeOf(error: Error): unknown {
  return (error as NodeJS.ErrnoException).code;
}
