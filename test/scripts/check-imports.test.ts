import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/check-imports.mjs', import.meta.url));

function check(files: Record<string, string>) {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-imports-'));
  try {
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), source);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' });
    return { status, stdout, stderr };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const leaf = 'export const x = 1;\n';

describe('lets pass', () => {
  test.each<[string, Record<string, string>]>([
    [
      'an import downwards',
      { 'schema/a.ts': "import { x } from '../database/b.js';\n", 'database/b.ts': leaf },
    ],
    ['errors from anywhere', { 'schema/a.ts': "import { x } from '../errors.js';\n", 'errors.ts': leaf }],
    ['a package', { 'database/a.ts': "import { Client } from 'pg';\n" }],
    ['an upward word in a comment', { 'schema/a.ts': "// from '../cli/b.js'\n * import('../cli/b.js')\n" }],
    [
      'files that know only each other’s types',
      { 'schema/a.ts': "import type { B } from './b.js';\n", 'schema/b.ts': "import { x } from './a.js';\n" },
    ],
    [
      'a circle that import() cuts',
      { 'cli/a.ts': "const b = () => import('./b.js');\n", 'cli/b.ts': "import { x } from './a.js';\n" },
    ],
  ])('%s', (_title, files) => {
    expect(check(files)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('refuses, with file and line', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'an import upwards',
      { 'schema/a.ts': "import x from './c.js';\nimport {\n  y,\n} from '../cli/b.js';\n" },
      'src/schema/a.ts:4: schema imports cli (src/cli/b.ts), which is not below it',
    ],
    [
      'a type from above',
      { 'database/a.ts': "import type { B } from '../schema/b.js';\n" },
      'database imports schema',
    ],
    ['a re-export from above', { 'schema/a.ts': "export * from '../migrations/b.js';\n" }, 'schema imports'],
    [
      'an import for its effects',
      { 'schema/a.ts': "import '../postgres/b.js';\n" },
      'schema imports postgres',
    ],
    [
      'an import() from above',
      { 'project/a.ts': "\nawait import('../cli/b.js');\n" },
      'src/project/a.ts:2: project imports cli',
    ],
    [
      'one dialect in another',
      { 'sqlite/a.ts': "import { x } from '../postgres/b.js';\n" },
      'sqlite imports',
    ],
    [
      'input and output in schema',
      { 'schema/a.ts': "import fs from 'node:fs';\n" },
      'imports node:fs, but is',
    ],
    ['a folder without a place', { 'utils/a.ts': leaf }, '"utils" has no place'],
    ['what is outside src', { 'cli/a.ts': "import p from '../../package.json.js';\n" }, 'from outside src'],
    [
      'a circle',
      {
        'schema/a.ts': "import { x } from './b.js';\n",
        'schema/b.ts': "export { x } from './c.js';\n",
        'schema/c.ts': "import { x } from './a.js';\n",
      },
      'in a circle: schema/a.ts -> schema/b.ts -> schema/c.ts -> schema/a.ts',
    ],
  ])('%s', (_title, files, message) => {
    const result = check(files);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(1);
  });
});
