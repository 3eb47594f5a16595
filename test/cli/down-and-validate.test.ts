import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-down-'));
  mkdirSync(join(cwd, 'migrations'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess([...line.split(' '), '--url', 'sqlite:app.db'], { cwd });

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'migrations', name), text);
  await run('migrate hash');
}

describe('a reverse without a statement', () => {
  const up = 'CREATE TABLE t (id INTEGER);';

  it.each(['-- to be written\n', '', ' ;; \n', '/* DROP TABLE t; */ -- later'])(
    'is none: %j',
    async (down) => {
      await write({ '1_t.sql': up, '1_t.down.sql': down });
      expect((await run('migrate validate')).stdout).toContain('no way down from: 1');
      expect((await run('migrate up')).code).toBe(0);
      expect((await run('migrate history')).stdout).toContain('no way down');
      const refused = await run('migrate down');
      expect(refused.code).toBe(4);
      expect(refused.stderr).toContain('1_t cannot be taken down: its reverse has no statement');
      expect((await run('migrate status')).stdout).toContain('1 applied');
    },
  );

  it('is refused also when only the database has it', async () => {
    await write({ '1_t.sql': up, '1_t.down.sql': '-- nothing' });
    await run('migrate up');
    rmSync(join(cwd, 'migrations'), { recursive: true });
    mkdirSync(join(cwd, 'migrations'));
    expect((await run('migrate down')).code).toBe(4);
  });

  it('is enough where the migration has none, and a statement that does nothing always is', async () => {
    await write({
      '1_note.sql': '-- nothing',
      '1_note.down.sql': '-- nothing',
      '2_t.sql': up,
      '2_t.down.sql': 'SELECT 1;',
    });
    expect((await run('migrate validate')).stdout).not.toContain('no way down');
    await run('migrate up');
    expect((await run('migrate down base')).code).toBe(0);
  });
});

describe('validate reads a script as the runner does', () => {
  it.each([
    ['1_t.sql', 'BEGIN;\nCREATE TABLE t (id INTEGER);\nCOMMIT;', 'BEGIN has no place in a migration'],
    ['1_t.down.sql', 'BEGIN; DROP TABLE t; COMMIT;', 'BEGIN has no place in a migration'],
    ['1_t.sql', '-- tidemark:transaction none\nBEGIN;\nCREATE TABLE t (id INTEGER);', 'is never ended'],
  ])('%s: %j', async (file, text, message) => {
    await write({ '1_t.sql': 'CREATE TABLE t (id INTEGER);', '1_t.down.sql': 'DROP TABLE t;', [file]: text });
    const { code, stderr } = await run('migrate validate');
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain(file);
  });

  it('and takes what it takes', async () => {
    await write({ '1_t.sql': '-- tidemark:transaction none\nBEGIN;\nCREATE TABLE t (id INTEGER);\nCOMMIT;' });
    expect(await run('migrate validate')).toMatchObject({ code: 0 });
  });
});
