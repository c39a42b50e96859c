/** What an adoption has done, over all of its attempts. */
export interface AdoptionReport {
  /** Rows whose empty columns were closed up. */
  readonly trimmed: number;
  /** Rows that said the same as another one. */
  readonly folded: number;
  /** Rules that were recorded as created. */
  readonly recorded: number;
}
