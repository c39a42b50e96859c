import 'reflect-metadata';
import { Report } from '../report';
import type { Result } from '../result';
import type { BenchServer } from '../server';
import { runMain, withServer } from '../with-server';
import { type Group, readArguments, type ReadingArguments, usage } from './arguments';
import { pairs, prefixes, rare, singles } from './cases';
import { measureInserts } from './inserts';
import { loadPair, type LogPair } from './log-pair';
import { measurePast } from './past';
import { measureOne, measurePages, sampleOf } from './pages';
import { measureSizes } from './sizes';

const comparison = [
  "Ours:     AuditTrail.find() with a limit of 100, one caller, on Grantlog's tables with its indexes",
  'Baseline: the same events in the table of openedx-authz (indexes on subject and scope, order by time, OFFSET), plain SQL',
  'Each question is about another record; deepest: the last full page. ratio: above 1 ours is better',
];

async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2));
  if (wanted.help) {
    process.stdout.write(usage);
    return;
  }
  await withServer(async (server) => {
    const report = new Report(comparison);
    await run(server, wanted, report);
    if (wanted.json) process.stdout.write(report.json());
  });
}

async function run(server: BenchServer, { rows, only }: ReadingArguments, report: Report): Promise<void> {
  report.begin(server.description);
  const url = await server.createDatabase();
  const pair = await loadPair(url, rows, (text) => report.note(text));
  try {
    report.note(`${pair.records.toLocaleString('en-US')} records`);
    for (const [group, measure] of Object.entries(measures) as [Group, Measure][]) {
      if (!only.has(group)) continue;
      for await (const result of measure(pair)) report.add(result);
    }
  } finally {
    await pair.close();
  }
  await server.dropDatabase(url);
  report.end();
}

type Measure = (pair: LogPair) => AsyncIterable<Result>;

const measures: Record<Group, Measure> = {
  async *singles(pair) {
    yield* measureOne(pair, 'no filter', {});
    const sample = await sampleOf(pair);
    for (const one of singles) yield* measurePages(pair, one, sample);
  },
  async *rare(pair) {
    for (const { name, filter } of rare) yield* measureOne(pair, name, filter);
  },
  async *pairs(pair) {
    const sample = await sampleOf(pair);
    for (const one of pairs) yield* measurePages(pair, one, sample);
  },
  async *prefixes(pair) {
    const sample = await sampleOf(pair);
    for (const one of prefixes) yield* measurePages(pair, one, sample);
  },
  async *past(pair) {
    yield* measurePast(pair, await sampleOf(pair));
  },
  sizes: measureSizes,
  inserts: measureInserts,
};

runMain(main);
