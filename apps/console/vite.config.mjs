import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vite';

/** A build that changes nothing touches no file: whoever reads them at that moment finds them whole. What is there no more, goes last. */
function leavesWhatIsTheSame() {
  let built = [];
  return {
    name: 'leaves-what-is-the-same',
    generateBundle: {
      order: 'post',
      handler({ dir }, bundle) {
        built = Object.keys(bundle);
        for (const name of built) if (isThere(join(dir, name), contentOf(bundle[name]))) delete bundle[name];
      },
    },
    writeBundle({ dir }) {
      const assets = join(dir, 'assets');
      const before = existsSync(assets) ? readdirSync(assets) : [];
      for (const name of before) if (!built.includes(`assets/${name}`)) rmSync(join(assets, name));
    },
  };
}

const contentOf = (file) => Buffer.from(file.type === 'chunk' ? file.code : file.source);
const isThere = (file, content) => existsSync(file) && readFileSync(file).equals(content);

/** Built into the library, which serves it: addresses are relative, because a host mounts it where it likes. */
export default defineConfig(({ command }) => {
  // Otherwise a NODE_ENV of whoever builds, such as `test`, would make a page for developers, with the paths of their machine in it.
  if (command === 'build') process.env.NODE_ENV = 'production';
  return {
    root: import.meta.dirname,
    base: './',
    publicDir: false,
    oxc: {
      jsx: { runtime: 'classic', pragma: 'h', pragmaFrag: 'Fragment' },
      jsxInject: "import { h, Fragment } from 'preact';",
    },
    plugins: [leavesWhatIsTheSame()],
    build: {
      outDir: join(import.meta.dirname, '..', '..', 'libs', 'grantlog', 'console'),
      emptyOutDir: false,
      target: 'es2023',
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // the first that know light-dark()
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0, // the policy of the page allows files of its own only
    },
  };
});
