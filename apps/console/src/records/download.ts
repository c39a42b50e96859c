import { call, urlOf } from '../api/api';

export const formats = ['csv', 'ndjson'] as const;
export type Format = (typeof formats)[number];

export interface Downloaded {
  readonly name: string;
  readonly content: Blob;
  /** Up to when it is complete. */
  readonly closedThrough: string | null;
}

/** So much is held by the page; the browser puts a Blob where it likes, also on the disk. */
const atOnce = 4 * 1_024 * 1_024;

/**
 * A file of the server, with the viewer's authorization, which a link to it could not carry. It is there as a whole or not at all.
 * @param onBytes how many there are so far
 * @throws if it is broken off
 */
export async function downloaded(
  filter: Readonly<Record<string, string>>,
  format: Format,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Downloaded> {
  const url = urlOf('audit-records/export', { ...filter, format });
  const response = await call(url, { signal, headers: { accept: '*/*' } });
  const parts = await partsOf(response, onBytes).catch((error: unknown) => {
    if (signal.aborted) throw error;
    throw new Error('The server broke off before the end, so no file was saved. Try again, or choose a shorter time.');
  });
  const type = response.headers.get('content-type') ?? '';
  const [, name = `audit-records.${format}`] =
    /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '') ?? [];
  const closedThrough = response.headers.get('grantlog-closed-through');
  return { name, content: new Blob(parts, { type }), closedThrough };
}

async function partsOf({ body }: Response, onBytes: (bytes: number) => void): Promise<Blob[]> {
  const reader = body?.getReader();
  const blobs: Blob[] = [];
  let [bytes, held, parts] = [0, 0, [] as Uint8Array<ArrayBuffer>[]];
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    parts.push(part.value);
    held += part.value.length;
    onBytes((bytes += part.value.length));
    if (held < atOnce) continue;
    blobs.push(new Blob(parts));
    [held, parts] = [0, []];
  }
  return [...blobs, new Blob(parts)];
}

/** Hands a file over to the browser, as if somebody had taken a link to it. */
export function save({ name, content }: Downloaded): void {
  const href = URL.createObjectURL(content);
  Object.assign(document.createElement('a'), { href, download: name }).click();
  // The browser reads it after this: a minute later it has what it needs.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
