// Makes dist/ from src/: the code in few files, for a command spends most of its time on finding and opening
// modules, and the type declarations beside it.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const packages = Object.keys({ ...dependencies, ...optionalDependencies });

// Made beside dist/ and put in its place when it is whole: a command may be running from there.
const made = `${root}/dist.new`;
rmSync(made, { recursive: true, force: true });

const bundle = await rolldown({
  cwd: root,
  input: {
    index: 'src/index.ts',
    'cli/main': 'src/cli/main.ts',
    // A process of its own: `runApart` starts it.
    'import-worker': 'src/importing/import-worker.ts',
  },
  platform: 'node',
  external: packages.map((name) => new RegExp(`^${name}(?:/|$)`)),
});
// All files but the command lie beside index.js: that is where modules look for it, and for package.json above.
await bundle.write({ dir: made, entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' });
await bundle.close();
execFileSync(
  process.execPath,
  [
    ...[`${root}/node_modules/typescript/bin/tsc`, '-p', `${root}/tsconfig.build.json`],
    ...['--emitDeclarationOnly', '--outDir', made],
  ],
  { stdio: 'inherit' },
);
chmodSync(`${made}/cli/main.js`, 0o755);

rmSync(`${root}/dist`, { recursive: true, force: true });
renameSync(made, `${root}/dist`);
