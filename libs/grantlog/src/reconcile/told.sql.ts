import { columnsOf, valueColumns } from '../migrations/rule-table.sql';

/** The rule of a row as an event's details have it. */
export const detailsOf = (row: string): string =>
  `jsonb_build_object('ptype', ${row}.ptype, 'rule', array_remove(ARRAY[${columnsOf(row)}]::text[], NULL))`;

/** Events of other operations, and attempts, change no rule. */
export const changesRule = `outcome = 'success' AND operation IN ('created', 'deleted')`;

const columnsIn = (details: string): string[] => [
  `${details} ->> 'ptype'`,
  ...valueColumns.map((_, at) => `${details} #>> '{rule,${at}}'`),
];

/** The columns of a row that is to hold the rule of some details. */
export const columnsFrom = (details: string): string => columnsIn(details).join(', ');

/** The order in which everybody locks rules, so that two statements never wait for each other crosswise. */
export const lockOrder = (details: string): string =>
  columnsIn(details)
    .map((column) => `(${column}) COLLATE "C"`)
    .join(', ');
