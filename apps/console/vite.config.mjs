import { join } from 'node:path';
import { defineConfig } from 'vite';

/** Built into the library, which serves it: addresses are relative, because a host mounts it where it likes. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, '..', '..', 'libs', 'grantlog', 'console'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy of the page allows files of its own only
  },
});
