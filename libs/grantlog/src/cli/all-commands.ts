import { adopt } from './commands/adopt';
import { asOf } from './commands/as-of';
import { explain } from './commands/explain';
import { exportRecords } from './commands/export';
import { health } from './commands/health';
import { history } from './commands/history';
import { migrate } from './commands/migrate';
import { parked } from './commands/parked';
import { rebuild } from './commands/rebuild';
import { reconcile } from './commands/reconcile';
import { records } from './commands/records';
import type { AddsCommand } from './session';

/** In the order in which the help names them. */
export const allCommands: readonly AddsCommand[] = [
  migrate,
  records,
  exportRecords,
  asOf,
  history,
  explain,
  health,
  parked,
  reconcile,
  adopt,
  rebuild,
];
