/** Entries from which on a map is spread over several. */
const mostInOne = 65_536;
const shards = 64;
/** About as many characters of a key decide where it goes: all of a short one, evenly spread ones of a long one. */
const looks = 16;

/**
 * A map of strings that grows without stopping everything else: V8 copies a map whenever it doubles, which takes a tenth of a
 * second for half a million entries. The order of the entries is nobody's.
 */
export class WideMap<V> {
  private parts: readonly Map<string, V>[] = [new Map<string, V>()];

  get size(): number {
    let size = 0;
    for (const part of this.parts) size += part.size;
    return size;
  }

  get(key: string): V | undefined {
    return this.partFor(key)?.get(key);
  }

  has(key: string): boolean {
    return this.partFor(key)?.has(key) ?? false;
  }

  set(key: string, value: V): void {
    const part = this.partFor(key);
    part?.set(key, value);
    if (this.parts.length === 1 && part && part.size > mostInOne) this.spread(part);
  }

  delete(key: string): boolean {
    return this.partFor(key)?.delete(key) ?? false;
  }

  *[Symbol.iterator](): IterableIterator<[string, V]> {
    for (const part of this.parts) yield* part;
  }

  *keys(): IterableIterator<string> {
    for (const part of this.parts) yield* part.keys();
  }

  private partFor(key: string): Map<string, V> | undefined {
    return this.parts.length === 1 ? this.parts[0] : this.parts[placeOf(key)];
  }

  private spread(entries: ReadonlyMap<string, V>): void {
    this.parts = Array.from({ length: shards }, () => new Map<string, V>());
    for (const [key, value] of entries) this.partFor(key)?.set(key, value);
  }
}

function placeOf(key: string): number {
  const step = Math.max(1, Math.floor(key.length / looks));
  let place = 0;
  for (let at = key.length - 1; at >= 0; at -= step) place = (place * 31 + key.charCodeAt(at)) | 0;
  return (place ^ (place >>> 16)) & (shards - 1);
}
