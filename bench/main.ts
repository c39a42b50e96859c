import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { LocalPostgresError } from 'local-postgres';
import { type Arguments, readArguments, usage } from './arguments';
import { BenchError } from './bench.error';
import { Report } from './report';
import { scenarios } from './scenarios/all';
import type { Scenario } from './scenarios/scenario';
import { type BenchServer, openServer } from './server';
import { endOnSignals } from './signals';

async function main(): Promise<void> {
  const namesOf = (some: readonly Scenario[]): string[] => some.flatMap(({ names }) => names);
  const choice = { all: namesOf(scenarios), usual: namesOf(scenarios.filter(({ slow }) => !slow)) };
  const wanted = readArguments(process.argv.slice(2), choice);
  if (wanted.help) {
    process.stdout.write(usage(choice));
    return;
  }
  const opening = openServer(process.env.DATABASE_URL || undefined);
  const interrupted = endOnSignals(async () => {
    Logger.overrideLogger(false); // what the library says about a server that is taken away helps nobody
    await (await opening).close();
  });
  const server = await opening;
  try {
    const report = new Report();
    await run(server, wanted, report);
    if (wanted.json) process.stdout.write(`${JSON.stringify(report.results, null, 2)}\n`);
  } catch (error) {
    if (!interrupted()) throw error; // else it is our own doing: the server was taken away
  } finally {
    await server.close();
  }
}

async function run(server: BenchServer, { only, rounds, resident }: Arguments, report: Report): Promise<void> {
  const start = performance.now();
  report.begin(server.description, resident);
  for (const scenario of scenarios.filter(({ names }) => names.some((name) => only.has(name)))) {
    for await (const result of scenario.run({ server, rounds, resident })) {
      if (only.has(result.scenario)) report.add(result);
    }
  }
  report.end((performance.now() - start) / 1000);
}

main().catch((error: unknown) => {
  const known = error instanceof BenchError || error instanceof LocalPostgresError;
  process.stderr.write(
    `${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
