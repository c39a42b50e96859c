import { get } from '../api/api';
import type { Histogram as Counted } from '../api/answers';
import { useLoaded } from '../api/loaded';
import { Time } from '../parts/time';
import { useZone } from '../parts/zone';
import { hrefOf, type Query } from '../route';
import { Bars } from './bars';
import { narrowed, without } from './filters';
import type { Question } from './question';
import { around, nameOf, type Unit } from './stretches';

interface HistogramProps {
  readonly address: Query;
  readonly question: Question;
  /** Another one when records were added to what is shown. */
  readonly version: number;
}

/** How many records there are, and when. Without it the list is worth as much, so that its errors are told in a line. */
export function Histogram({ address, question, version }: HistogramProps) {
  const { name: zone } = useZone();
  const { filter, key } = question;
  const { value, error } = useLoaded(filter && `${key} ${version} ${zone}`, (signal) =>
    get<Counted>('audit-records/histogram', { ...filter, timeZone: zone }, signal),
  );
  if (error) return <p class="quiet">The records cannot be counted: {error.message}</p>;
  if (!value || value.items.length === 0) return <div class="histogram" />;
  const { items, by } = value;
  return (
    <figure class="histogram" aria-label="Activity">
      <figcaption>
        <Total of={value} /> <WayOut address={address} />
      </figcaption>
      <Bars
        label={`Records by ${by}; arrow keys go from one to the next`}
        of={items.map((bucket) => ({
          name: nameOf(bucket, by, zone),
          count: bucket.count,
          href: hrefOf('records', narrowed(address, { from: bucket.from, to: bucket.to })),
        }))}
      />
      <p class="ends quiet" aria-hidden="true">
        <span>{nameOf(items[0] ?? { from: '', to: '' }, by, zone)}</span>
        <span>{nameOf(items.at(-1) ?? { from: '', to: '' }, by, zone)}</span>
      </p>
    </figure>
  );
}

function Total({ of: { items, countedFrom, by } }: { of: Counted }) {
  const total = items.reduce((sum, { count }) => sum + (count ?? 0), 0);
  const told = `${total.toLocaleString('en')} ${total === 1 ? 'record' : 'records'} by ${by}`;
  if (countedFrom === null) return <span>{told}</span>;
  return (
    <span>
      {told} since <Time at={countedFrom} />. What is older (shaded) is not counted, because that would take too long:
      choose a shorter time or a single filter.
    </span>
  );
}

/** From a bar back to what lies around it. */
function WayOut({ address }: { address: Query }) {
  const { name: zone } = useZone();
  const { from, to } = address;
  if (!from && !to) return null;
  const wider = around({ from, to }, zone);
  const target = wider ? narrowed(address, wider) : without(address, 'from', 'to');
  return <a href={hrefOf('records', target)}>{wider ? `Show the whole ${unitOf(wider, zone)}` : 'Show all times'}</a>;
}

function unitOf(wider: { from: string; to: string }, zone: string): string {
  const unit: Unit = Date.parse(wider.to) - Date.parse(wider.from) > 26 * 3_600_000 ? 'month' : 'day';
  return nameOf(wider, unit, zone);
}
