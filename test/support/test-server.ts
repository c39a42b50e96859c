const variable = 'GRANTLOG_TEST_SERVER';

interface OwnServer {
  readonly dataDir: string;
  stop(): Promise<void>;
}

/** The PostgreSQL of this run. Jest's set-up and its workers are processes of one family: they share the environment. */
export const testServer = {
  /** What set-up started and tear-down ends; unknown to the workers. */
  own: undefined as OwnServer | undefined,

  get url(): string {
    const url = process.env[variable];
    if (!url) throw new Error('No PostgreSQL was started for this run; start the tests with `npm test`.');
    return url;
  },

  set url(url: string) {
    process.env[variable] = url;
  },
};
