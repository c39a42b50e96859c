import { openDatabase } from './database/demo-database';
import { onServerLost } from './database/server-watch';
import { DemoApp } from './demo-app';
import { assertPortIsFree } from './free-port';
import { readModel } from './policy/model-file';
import { readPolicy } from './policy/policy-file';
import { readSettings } from './settings';
import { welcome } from './welcome';

/** Milliseconds within which signals count as one. */
const oneSignal = 2_000;

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
  const signalled = new Promise<void>((resolve) => onSignals(resolve));
  const stop = await start();
  await signalled;
  await stop();
  process.exit(0);
}

/**
 * The second signal ends the process at once; the next start goes on with what is there. Ctrl-C may arrive twice, from the
 * terminal and from npm: that is one.
 */
function onSignals(first: () => void): void {
  let heardAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (heardAt !== undefined && performance.now() - heardAt > oneSignal) process.exit(1);
      heardAt ??= performance.now();
      first();
    });
  }
}

main().catch(fail);
