import 'reflect-metadata';
import { type Arguments, readArguments, usage } from './arguments';
import { Report } from './report';
import { scenarios } from './scenarios/all';
import type { Scenario } from './scenarios/scenario';
import type { BenchServer } from './server';
import { runMain, withServer } from './with-server';

const comparison = (resident: number): readonly string[] => [
  'Ours:     Grantlog with its default options, recording in the same process all the time',
  'Baseline: Casbin with typeorm-adapter, no audit; assign-handwritten: the same, and an audit row saved after it',
  `Single changes: both tables hold ${resident} other assignments (--resident)`,
  'Medians of alternating rounds; ratio: how many times as good ours is, so above 1 ours is better',
];

async function main(): Promise<void> {
  const namesOf = (some: readonly Scenario[]): string[] => some.flatMap(({ names }) => names);
  const choice = { all: namesOf(scenarios), usual: namesOf(scenarios.filter(({ slow }) => !slow)) };
  const wanted = readArguments(process.argv.slice(2), choice);
  if (wanted.help) {
    process.stdout.write(usage(choice));
    return;
  }
  await withServer(async (server) => {
    const report = new Report(comparison(wanted.resident));
    await run(server, wanted, report);
    if (wanted.json) process.stdout.write(report.json());
  });
}

async function run(server: BenchServer, { only, rounds, resident }: Arguments, report: Report): Promise<void> {
  report.begin(server.description);
  for (const scenario of scenarios.filter(({ names }) => names.some((name) => only.has(name)))) {
    for await (const result of scenario.run({ server, rounds, resident })) {
      if (only.has(result.scenario)) report.add(result);
    }
  }
  report.end();
}

runMain(main);
