/** A message of PostgreSQL's protocol 3.0: its type, and all of it as it was sent (manual, "Message Formats"). */
export interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Takes a stream of bytes apart into messages. */
export class Messages {
  private rest: Buffer = Buffer.alloc(0);

  /** @param typed whether a message begins with its type; the first one of a client has none */
  constructor(private typed: boolean) {}

  take(data: Buffer): Message[] {
    this.rest = Buffer.concat([this.rest, data]);
    const found: Message[] = [];
    for (let next = this.next(); next; next = this.next()) found.push(next);
    return found;
  }

  /** The messages that follow begin with their type. */
  becomeTyped(): void {
    this.typed = true;
  }

  private next(): Message | undefined {
    const head = this.typed ? 1 : 0;
    if (this.rest.length < head + 4) return undefined;
    const length = head + this.rest.readInt32BE(head);
    if (this.rest.length < length) return undefined;
    const bytes = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return { type: this.typed ? bytes.toString('latin1', 0, 1) : '', bytes };
  }
}

/** Texts of a message, each ended by a zero byte. */
export function textsOf({ bytes }: Message, from: number): string[] {
  return bytes.toString('utf8', from).split('\0');
}

export function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5, type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** An ErrorResponse after which the connection ends. */
export function fatal(code: string, text: string): Buffer {
  return message('E', 'SFATAL', 'VFATAL', `C${code}`, `M${text}`, Buffer.from([0]));
}
