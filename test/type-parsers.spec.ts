import { InvalidInputError } from 'grantlog';
import { types } from 'pg';
import { Cluster } from './support/cluster';
import { atRest, letReadersRead, mayRead, operationsOf, reader, readerRule } from './support/facts';

const { INT8, INT4, BOOL, JSONB, TIMESTAMPTZ } = types.builtins;
type Parser = (text: string) => unknown;
const asText: Parser = (text) => text;

describe("a host's own type parsers", () => {
  let cluster: Cluster;
  let reset: (() => void) | undefined;
  beforeEach(async () => {
    cluster = await Cluster.create();
  });
  afterEach(async () => {
    reset?.();
    await cluster.end();
  });

  function parse(type: number, parser: Parser): void {
    const before: Parser = types.getTypeParser(type);
    reset = () => types.setTypeParser(type, before);
    types.setTypeParser(type, parser);
  }

  it.each([
    ['jsonb', JSONB, asText],
    ['int4', INT4, BigInt],
    ['bool', BOOL, asText],
  ])(
    'for %s, which would have the log say something else, are refused when the app starts',
    async (type, id, parser) => {
      await (await cluster.start()).close(); // migrates
      parse(id, parser);
      const error: unknown = await cluster.start().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(String(error)).toMatch(new RegExp(`${type}.* type parser`));
    },
  );

  it.each([
    ['int8', INT8, BigInt],
    ['timestamptz', TIMESTAMPTZ, asText],
  ])('for %s are no matter', async (_, id, parser) => {
    parse(id, parser);
    const [left, right] = [await cluster.start(), await cluster.start()];
    await letReadersRead(left);
    await left.assignments.assign(reader(1));
    await atRest(left, right);
    expect(await mayRead(right, 1)).toBe(true);
    expect(await operationsOf(left, '1')).toEqual(['created']);
    const [record] = (await left.trail.find({ subject: 'user^1' })).items;
    expect(record).toMatchObject({ details: { ptype: 'g', rule: readerRule(1) }, recordedAt: expect.any(String) });
  });
});
