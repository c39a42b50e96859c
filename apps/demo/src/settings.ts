import { join, resolve } from 'node:path';
import { z } from 'zod';
import { projectFolder } from './project-folder';
import { StartError } from './start-error';

const sample = join(projectFolder(), 'apps', 'demo', 'sample');
const unset = <T extends z.ZodType>(schema: T): z.ZodPreprocess<T> =>
  z.preprocess((value) => (value === '' ? undefined : value), schema);

const optIn = unset(z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'));

const schema = z.object({
  HOST: unset(z.string().default('127.0.0.1')),
  PORT: unset(
    z
      .string()
      .regex(/^\d{1,5}$/, 'must be a port number from 0 to 65535')
      .transform(Number)
      .refine((port) => port <= 65_535, 'must be a port number from 0 to 65535')
      .default(3000),
  ),
  DATABASE_URL: unset(
    z.url({ protocol: /^postgres(ql)?$/, error: 'must look like postgres://user:password@host:5432/name' }).optional(),
  ),
  DATA_DIR: unset(z.string().default(join(projectFolder(), '.data'))),
  CASBIN_MODEL: unset(z.string().default(join(sample, 'model.conf'))),
  CASBIN_POLICY: unset(z.string().default(join(sample, 'policy.csv'))),
  TRUST_PROXY: unset(z.string().optional()),
  AUDIT_ATTEMPTS: optIn,
  AUDIT_READS: optIn,
});

/** What the environment says, with every default filled in. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Without it the demo brings its own PostgreSQL. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly modelPath: string;
  readonly policyPath: string;
  /** Express's `trust proxy`: a number of hops, or addresses. */
  readonly trustProxy: string | undefined;
  /** Whether denied and failed attempts are recorded. */
  readonly attempts: boolean;
  /** Whether it is recorded who reads the log. */
  readonly recordReads: boolean;
}

/** @throws StartError naming the variable */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const result = schema.safeParse(environment);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new StartError(`${issue?.path.join('.') ?? 'The environment'} ${issue?.message ?? 'is not valid'}.`);
  }
  const { HOST, PORT, DATABASE_URL, DATA_DIR, CASBIN_MODEL, CASBIN_POLICY, TRUST_PROXY } = result.data;
  return {
    host: HOST,
    port: PORT,
    databaseUrl: DATABASE_URL,
    dataDir: resolve(DATA_DIR),
    modelPath: resolve(CASBIN_MODEL),
    policyPath: resolve(CASBIN_POLICY),
    trustProxy: TRUST_PROXY,
    attempts: result.data.AUDIT_ATTEMPTS === 'true',
    recordReads: result.data.AUDIT_READS === 'true',
  };
}
