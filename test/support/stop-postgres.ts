import { rm } from 'node:fs/promises';
import { testServer } from './test-server';

export default async function stopPostgres(): Promise<void> {
  if (!testServer.own) return;
  await testServer.own.stop();
  await rm(testServer.own.dataDir, { recursive: true, force: true });
}
