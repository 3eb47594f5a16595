import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSession } from '../support/session.js';

const script = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tidemark-demo-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('npm run demo: ends well, its rows survive, and only the folder that it names is left', async () => {
  const temporary = join(home, 'tmp');
  mkdirSync(temporary);
  const { TIDEMARK_CACHE_DIR: _, ...variables } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    cwd: home,
    encoding: 'utf8',
    env: {
      ...variables,
      // Everything that it could take for a place of its own, and a database that it must not touch.
      TMPDIR: temporary,
      HOME: join(home, 'home'),
      XDG_CACHE_HOME: join(home, 'cache'),
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    },
  });
  expect(status, stdout + stderr).toBe(0);
  expect(stderr).not.toMatch(/error/i);
  expect(readdirSync(home)).toEqual(['tmp']);
  expect(readdirSync(temporary)).toEqual([expect.stringMatching(/^tidemark-demo-/)]);
  const project = join(temporary, readdirSync(temporary)[0]!);
  expect(stdout).toContain(`Everything is in ${project}`);

  const migrations = readdirSync(join(project, 'migrations'));
  expect(migrations.filter((file) => /_share_documents(\.down)?\.sql$/.test(file))).toHaveLength(2);
  expect(existsSync(join(project, '.tidemark', 'cache'))).toBe(true);
  const database = await openSession(`pglite:${join(project, '.tidemark', 'local')}`);
  try {
    expect(await database.query('SELECT display_name, biography FROM users ORDER BY display_name')).toEqual([
      { display_name: 'Ada', biography: '' },
      { display_name: 'Grace', biography: '' },
    ]);
    expect(await database.query('SELECT content FROM document_chunks ORDER BY ordinal')).toEqual([
      { content: 'High tide at 6:12' },
      { content: 'low at 12:31' },
    ]);
  } finally {
    await database.close();
  }
}, 600_000);
