import { type ComponentChildren, createContext } from 'preact';
import { useContext, useMemo, useState } from 'preact/hooks';
import { formatterOf } from './wall-time';

/** In which zone times are shown. */
export type Zone = 'local' | 'UTC';

interface Chosen {
  readonly zone: Zone;
  /** The same as a name that Intl and the server know, such as `Europe/Berlin`. */
  readonly name: string;
  readonly choose: (zone: Zone) => void;
}

const remembered = 'grantlog.zone';
const nameOf = (zone: Zone): string => (zone === 'UTC' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone);

const ChosenZone = createContext<Chosen>({ zone: 'UTC', name: 'UTC', choose: () => undefined });

export const useZone = (): Chosen => useContext(ChosenZone);

export function InZone({ children }: { children: ComponentChildren }) {
  const [zone, setZone] = useState<Zone>(localStorage.getItem(remembered) === 'UTC' ? 'UTC' : 'local');
  const choose = (wanted: Zone): void => {
    localStorage.setItem(remembered, wanted);
    setZone(wanted);
  };
  // The same one while the zone is: thousands of times are drawn anew for another.
  const chosen = useMemo(() => ({ zone, name: nameOf(zone), choose }), [zone]);
  return <ChosenZone.Provider value={chosen}>{children}</ChosenZone.Provider>;
}

export function ZoneSwitch() {
  const { zone, name, choose } = useZone();
  return (
    <label class="quiet">
      Times in{' '}
      <select value={zone} onChange={({ currentTarget }) => choose(currentTarget.value as Zone)}>
        <option value="local">{nameOf('local')}</option>
        <option value="UTC">UTC</option>
      </select>{' '}
      <span class="offset">{offsetOf(new Date(), name)}</span>
    </label>
  );
}

const offset = { timeZoneName: 'longOffset' } as const;

/** `+02:00`; at that moment, because summer time has another one. */
export function offsetOf(moment: Date, zone: string): string {
  const parts = formatterOf('en', zone, offset).formatToParts(moment);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return name.replace('GMT', '') || '+00:00';
}
