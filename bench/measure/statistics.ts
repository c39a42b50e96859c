/** The value that `share` (above 0, up to 1) of all values do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  return at(ascending(values), Math.ceil(share * values.length) - 1);
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const last = sorted.length - 1;
  return (at(sorted, Math.floor(last / 2)) + at(sorted, Math.ceil(last / 2))) / 2;
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

function at(values: readonly number[], place: number): number {
  const value = values[place];
  if (value === undefined) throw new RangeError(`there is nothing at ${place} of ${values.length} values`);
  return value;
}
