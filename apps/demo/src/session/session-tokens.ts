import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sign, verify } from 'jsonwebtoken';
import { DataSource } from 'typeorm';

const lifetime = '12h';

/** Signs sessions. The key is kept in the database, so that they outlive a restart and hold on every node. */
@Injectable()
export class SessionTokens {
  private secret: string | undefined;

  constructor(private readonly dataSource: DataSource) {}

  /** @param key the namespaced key of who signed in */
  async issue(key: string): Promise<string> {
    return sign({}, await this.key(), { algorithm: 'HS256', subject: key, expiresIn: lifetime });
  }

  /** The key that a token was issued for; `undefined` if it is not one of ours or has expired. */
  async read(token: string): Promise<string | undefined> {
    const secret = await this.key();
    try {
      const session = verify(token, secret, { algorithms: ['HS256'] });
      return typeof session === 'string' ? undefined : session.sub;
    } catch {
      return undefined; // forged, expired or no token at all: nobody is signed in
    }
  }

  private async key(): Promise<string> {
    this.secret ??= await this.sharedKey();
    return this.secret;
  }

  private async sharedKey(): Promise<string> {
    const mine = randomBytes(32).toString('base64url');
    await this.dataSource.query('INSERT INTO demo_session_key (secret) VALUES ($1) ON CONFLICT DO NOTHING', [mine]);
    const [row] = await this.dataSource.query<{ secret: string }[]>('SELECT secret FROM demo_session_key');
    return row?.secret ?? mine;
  }
}
