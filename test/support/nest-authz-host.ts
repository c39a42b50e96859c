import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext, INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { NextFunction, Request, Response } from 'express';
import { type AuditRecord, AuditTrail, grantlogMigrations, OutboxRelay } from 'grantlog';
import * as ours from 'grantlog/nest-authz';
import * as theirs from 'nest-authz';
import supertest from 'supertest';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { collect } from './app';
import { createDatabase, dataSourceOptions, type TestDatabase } from './database';

export type NestAuthz = typeof ours;

/** The two packages. Their classes have protected members, which makes equal ones different types to the compiler. */
export const packages: Readonly<Record<'nest-authz' | 'grantlog/nest-authz', NestAuthz>> = {
  'nest-authz': theirs as unknown as NestAuthz,
  'grantlog/nest-authz': ours,
};

export const rolesEverywhere = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act`;

/** Readers, writers who are readers, too, and a thief who has what nobody asks for. */
export const library = `
p, reader, book, read:any
p, writer, book, update:any
p, writer, shelf, borrow:any
p, thief, book, own
p, thief, book, read
p, thief, book, read:own
g, ann, reader
g, bob, writer
g, bob, reader
g, tom, thief`;

export interface HostParts {
  readonly authz: ours.AuthZModuleOptions;
  /** Default: Grantlog's */
  readonly migrations?: DataSourceOptions['migrations'];
  readonly imports?: ModuleMetadata['imports'];
  readonly controllers?: Type[];
  readonly providers?: Type[];
  /** What a test puts in the place of a provider. Default: nothing */
  readonly override?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
}

/** Apps that use one of the packages, with a database to themselves and a folder for model and policy. */
export class Hosts {
  private readonly apps: INestApplication[] = [];
  private readonly dataSources: DataSource[] = [];
  private readonly others: { close(): Promise<void> }[] = [];

  private constructor(
    readonly authz: NestAuthz,
    readonly database: TestDatabase,
    readonly folder: string,
  ) {}

  static async of(authz: NestAuthz): Promise<Hosts> {
    return new Hosts(authz, await createDatabase(), await mkdtemp(join(tmpdir(), 'grantlog-nest-authz-')));
  }

  /** The path of a new file. */
  async file(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  async files(policy: string, model = rolesEverywhere): Promise<{ model: string; policy: string }> {
    return { model: await this.file('model.conf', model), policy: await this.file('policy.csv', policy) };
  }

  /** An app that listens; its requests are those of the user who is named in the header x-user. */
  async start({
    authz,
    imports = [],
    controllers,
    providers,
    migrations = grantlogMigrations,
    override = (builder) => builder,
  }: HostParts): Promise<INestApplication> {
    // Connected before, so that an app that does not start leaves nobody who is still about to.
    const options = { ...dataSourceOptions(this.database.url, 4), migrations };
    const dataSource = await this.connect(options);
    const testing = Test.createTestingModule({
      imports: [
        TypeOrmModule.forRootAsync({ useFactory: () => options, dataSourceFactory: async () => dataSource }),
        this.authz.AuthZModule.register(authz),
        ...imports,
      ],
      controllers: controllers ?? [],
      providers: providers ?? [],
    });
    const app = (await override(testing).compile()).createNestApplication({ logger: false });
    app.use(signIn);
    this.apps.push(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  private connect(options: DataSourceOptions): Promise<DataSource> {
    const dataSource = new DataSource(options);
    this.dataSources.push(dataSource);
    return dataSource.initialize();
  }

  /** What no app closes, as an adapter with a DataSource of its own. */
  alsoClose(other: { close(): Promise<void> }): void {
    this.others.push(other);
  }

  async end(): Promise<void> {
    for (const one of [...this.apps, ...this.others]) await one.close();
    for (const one of this.dataSources) if (one.isInitialized) await one.destroy(); // of apps that did not start
    await this.database.drop();
    await rm(this.folder, { recursive: true });
  }
}

/** What the host does before any guard: the header names the user, whose id is the code of the last letter. */
export function signIn(request: Request & { user?: unknown }, _response: Response, next: NextFunction): void {
  const name = request.header('x-user');
  if (name) request.user = { name, id: name.charCodeAt(name.length - 1) };
  next();
}

/** The subject of nest-authz users as a rule: a name. */
export const userFromContext: ours.AuthZModuleOptions['userFromContext'] = (context) => {
  const { user } = context.switchToHttp().getRequest<{ user?: { name: string } }>();
  return user?.name ?? '';
};

/** The segment `:what` of the path. */
export const segment = (context: ExecutionContext): string =>
  context.switchToHttp().getRequest<{ params: { what: string } }>().params.what;

export type Ask = (path: string, user?: string, headers?: Record<string, string>) => Promise<number>;

/** The status that a GET is answered with. */
export function asking(app: INestApplication): Ask {
  return async (path, user, headers = {}) => {
    const request = supertest(app.getHttpServer() as never).get(path);
    const { status } = await request.set(user === undefined ? headers : { ...headers, 'x-user': user });
    return status;
  };
}

/** Every record in the log of an app of ours, oldest first. */
export async function recordsOf(app: INestApplication): Promise<AuditRecord[]> {
  await app.get(OutboxRelay).drained();
  return collect(app.get(AuditTrail).stream());
}
