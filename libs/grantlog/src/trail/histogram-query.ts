import type { AuditFilter } from './audit-query';

/** How long the buckets of a histogram are, the shortest first. */
export const bucketUnits = ['hour', 'day', 'month'] as const;
export type BucketUnit = (typeof bucketUnits)[number];

export interface HistogramQuery extends AuditFilter {
  /** Default: `hour` for a window of up to 3 days, `day` for one of up to 120, else `month`. */
  readonly by?: BucketUnit;
  /** IANA name of the zone at whose midnight days and months begin, such as `Europe/Berlin`. Hours begin as in UTC. Default: `UTC` */
  readonly timeZone?: string;
}

/** A stretch of time. The first and the last one of a window are cut where `from` and `to` of the query cut them. */
export interface HistogramBucket {
  readonly from: string;
  readonly to: string;
  /** As many records as `find` finds with the same filters, from `from` to `to`; `null` if that would take too long to count. */
  readonly count: number | null;
}

export interface Histogram {
  readonly by: BucketUnit;
  readonly timeZone: string;
  /** Oldest first, and empty ones too: from `from`, or the oldest record that the leading key has, to `to`, or now. */
  readonly items: readonly HistogramBucket[];
  /** Beginning of the oldest bucket that is counted: all before it are not. The end of the last one if none is; `null` if all are. */
  readonly countedFrom: string | null;
  /** Everything recorded up to this moment is counted, and there for good. */
  readonly closedThrough: string;
}
