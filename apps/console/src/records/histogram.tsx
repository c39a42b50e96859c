import { get } from '../api/api';
import type { Histogram as Counted } from '../api/answers';
import { useLoaded } from '../api/loaded';
import { Time } from '../parts/time';
import { useZone } from '../parts/zone';
import { hrefOf, type Query } from '../route';
import { Bars } from './bars';
import { narrowed, without } from './filters';
import type { Question } from './question';
import { around, nameOf } from './stretches';

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
  const names = items.map((bucket) => nameOf(bucket.from, by, zone));
  return (
    <figure class="histogram" aria-label="Activity">
      <figcaption>
        <Total of={value} /> <WayOut address={address} />
      </figcaption>
      <Bars
        label={`Records by ${by}; arrow keys go from one to the next`}
        of={items.map(({ from, to, count }, index) => ({
          name: names[index] ?? '',
          count,
          href: hrefOf('records', narrowed(address, { from, to })),
        }))}
      />
      <p class="ends quiet" aria-hidden="true">
        <span>{names[0]}</span>
        <span>{names.at(-1)}</span>
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
  const target = wider ? narrowed(address, wider.stretch) : without(address, 'from', 'to');
  return <a href={hrefOf('records', target)}>Show {wider ? `the whole ${wider.name}` : 'all times'}</a>;
}
