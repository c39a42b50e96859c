import { useEffect, useState } from 'preact/hooks';
import type { Namespaces } from '../api/known-keys';
import { MomentField } from '../parts/fields';
import { Segments } from '../parts/segments';
import { hrefOf, type Query } from '../route';
import { type Field, type Filter, narrowed, operations, outcomes, without } from './filters';

const windows = { '24h': '24 h', '7d': '7 d', '30d': '30 d' } as const;

/** The last hours or days, or all there is. */
export function Windows({ address }: { address: Query }) {
  const some = Object.entries(windows).map(([last, label]) => ({
    label,
    href: hrefOf('records', narrowed(address, { last })),
    current: address.last === last,
  }));
  const all = without(address, 'last', 'from', 'to');
  const current = !address.last && !address.from && !address.to;
  return <Segments label="Time" of={[...some, { label: 'All', href: hrefOf('records', all), current }]} />;
}

interface MenusProps {
  readonly address: Query;
  readonly namespaces: Namespaces;
  readonly onFilter: (filter: Filter) => void;
}

export function Menus({ address, namespaces, onFilter }: MenusProps) {
  return (
    <>
      <Menu label="Scope type" field="scopeNamespace" values={namespaces.scope} {...{ address, onFilter }} />
      <Menu label="Operation" field="operation" values={operations} {...{ address, onFilter }} />
      <Menu label="Outcome" field="outcome" values={outcomes} {...{ address, onFilter }} />
      <ExactTimes address={address} onFilter={onFilter} />
    </>
  );
}

interface MenuProps extends Omit<MenusProps, 'namespaces'> {
  readonly label: string;
  readonly field: Field;
  readonly values: readonly string[];
}

function Menu({ label, field, values, address, onFilter }: MenuProps) {
  const chosen = address[field] ?? '';
  const all = chosen === '' || values.includes(chosen) ? values : [chosen, ...values];
  if (all.length === 0) return null;
  return (
    <select
      aria-label={label}
      value={chosen}
      onChange={({ currentTarget }) => onFilter({ [field]: currentTarget.value })}
    >
      <option value="">{label}: any</option>
      {all.map((value) => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </select>
  );
}

/** From and to, to the second, in the chosen zone. */
function ExactTimes({ address, onFilter }: Omit<MenusProps, 'namespaces'>) {
  const [from, setFrom] = useState(address.from);
  const [to, setTo] = useState(address.to);
  useEffect(() => {
    setFrom(address.from);
    setTo(address.to);
  }, [address.from, address.to]);
  return (
    <details class="exact">
      <summary>Exact times</summary>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          onFilter({ from, to });
        }}
      >
        <MomentField label="From" value={from} onValue={setFrom} />
        <MomentField label="To, not included" value={to} onValue={setTo} />
        <button type="submit">Show these</button>
      </form>
    </details>
  );
}
