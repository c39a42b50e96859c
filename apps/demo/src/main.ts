import { openDatabase } from './database/demo-database';
import { onServerLost } from './database/server-watch';
import { DemoApp } from './demo-app';
import { assertPortIsFree } from './free-port';
import { readModel } from './policy/model-file';
import { readPolicy } from './policy/policy-file';
import { readSettings } from './settings';
import { welcome } from './welcome';

/** Starts the demo. @returns how to stop it: first the app, then its database */
async function start(): Promise<() => Promise<void>> {
  const settings = readSettings(process.env);
  const model = readModel(settings.modelPath);
  const policy = readPolicy(settings.policyPath, model);
  await assertPortIsFree(settings);
  const database = await openDatabase(settings);
  try {
    const app = await DemoApp.start(settings, database.url, model, policy);
    const forget = onServerLost(database.pid, () =>
      fail(new Error('The embedded PostgreSQL has ended; start the demo again.')),
    );
    process.stdout.write(
      welcome({
        url: await app.url(),
        data: database.description,
        policy: `${policy.path} (${app.imported} rules added by this start)`,
      }),
    );
    return async () => {
      forget();
      await app.stop();
      await database.stop();
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** A signal that comes while the demo starts is heard when it has started: half of a start is nothing to stop. */
async function main(): Promise<void> {
  const signalled = new Promise((resolve) =>
    ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach((signal) => process.on(signal, resolve)),
  );
  const stop = await start();
  await signalled;
  await stop();
  process.exit(0);
}

main().catch(fail);
