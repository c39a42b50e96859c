import type { Server } from 'node:http';
import { basename } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { Model } from 'casbin';
import { PolicyImport } from 'grantlog';
import { DemoModule } from './demo.module';
import { portError } from './free-port';
import type { PolicyFile } from './policy/policy-file';
import type { Settings } from './settings';
import { StartError } from './start-error';

const patienceWithClients = 10_000;

/** The running app. */
export class DemoApp {
  private constructor(
    private readonly nest: NestExpressApplication,
    /** Rules that this start added from the policy file. */
    readonly imported: number,
  ) {}

  /** Builds the app, imports the policy, and only then listens. */
  static async start(settings: Settings, url: string, model: Model, policy: PolicyFile): Promise<DemoApp> {
    const nest = await NestFactory.create<NestExpressApplication>(DemoModule.with(url, model, settings), {
      logger: ['warn', 'error', 'fatal'],
      abortOnError: false,
    });
    try {
      nest.useBodyParser('json', { limit: '10mb' });
      if (settings.trustProxy !== undefined) trustProxy(nest, settings.trustProxy);
      describe(nest);
      await nest.init();
      const imported = await nest
        .get(PolicyImport)
        .import(policy.rules, { source: 'policy file', reason: reasonFor(policy) });
      await nest.listen(settings.port, settings.host).catch((error: unknown) => {
        throw portError(error, settings.host, settings.port);
      });
      return new DemoApp(nest, imported);
    } catch (error) {
      await nest.close();
      throw error;
    }
  }

  url(): Promise<string> {
    return this.nest.getUrl();
  }

  /** Answers what was asked, takes nothing new, records what is in the outbox, and ends. */
  async stop(): Promise<void> {
    const server: Server = this.nest.getHttpServer();
    const impatience = setTimeout(() => server.closeAllConnections(), patienceWithClients);
    await new Promise((resolve) => server.close(resolve));
    clearTimeout(impatience);
    await this.nest.close();
  }
}

function reasonFor({ path, hash }: PolicyFile): string {
  return `import of ${basename(path)} (sha256 ${hash.slice(0, 12)})`;
}

function describe(nest: NestExpressApplication): void {
  const description = new DocumentBuilder()
    .setTitle('Grantlog demo')
    .setDescription(
      'Audited role assignments. Sign in with POST /session; there is no password, because this is a demo.',
    )
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', nest, () => SwaggerModule.createDocument(nest, description));
}

function trustProxy(nest: NestExpressApplication, value: string): void {
  try {
    // Express itself: Nest's own wrapper would print the stack of an error that is told in one line.
    nest
      .getHttpAdapter()
      .getInstance()
      .set('trust proxy', /^\d+$/.test(value) ? Number(value) : value);
  } catch (error) {
    throw new StartError(
      `TRUST_PROXY must be the number of proxies or their addresses, as in 1 or "loopback, 10.0.0.0/8": ${(error as Error).message}.`,
    );
  }
}
