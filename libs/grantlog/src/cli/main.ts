#!/usr/bin/env node
import { Logger } from '@nestjs/common';
import { runProgram } from './program';
import { stderrLogger } from './stderr-logger';

/** Cleans up at once and then ends as whoever sent the signal expects: by that signal. */
function endBy(signals: readonly NodeJS.Signals[]): AbortSignal {
  const ending = new AbortController();
  for (const signal of signals) {
    process.once(signal, () => {
      ending.abort();
      process.kill(process.pid, signal);
    });
  }
  return ending.signal;
}

async function main(): Promise<void> {
  Logger.overrideLogger(stderrLogger(process.stderr)); // Nest's own one writes to stdout, which is for answers
  const { stdout, stderr, env } = process;
  const signal = endBy(['SIGINT', 'SIGTERM', 'SIGHUP']);
  process.exitCode = await runProgram(process.argv.slice(2), { stdout, stderr, env, signal });
}

void main();
