import type { PostgresClient } from './idle-connection';

/** Milliseconds after which a connection that does not answer is taken for dead. */
export const patience = 15_000;

/** The database has not answered. It has no SQLSTATE: what became of the statement is unknown. */
class SilenceError extends Error {
  constructor() {
    super(`The database did not answer within ${patience} ms`);
  }
}

/** @param giveUp is called if nothing has come by then */
export async function withinPatience<T>(work: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new SilenceError());
      giveUp();
    }, patience).unref();
  });
  try {
    return await Promise.race([work, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The client, each of whose statements is answered soon or ends the connection. */
export function watched(client: PostgresClient): PostgresClient {
  const send = client.query.bind(client) as (statement: unknown) => Promise<never>;
  return {
    query: (statement: unknown): Promise<never> => withinPatience(send(statement), () => void end()),
    end,
  };
  async function end(): Promise<void> {
    await client.end().catch(() => undefined); // it may be broken already
  }
}
