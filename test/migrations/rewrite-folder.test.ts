import { readdirSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AfterWrite } from '../../src/migrations/after-write.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { requireListed } from '../../src/migrations/require-listed.js';
import { type FolderChanges, rewriteFolder } from '../../src/migrations/rewrite-folder.js';
import { type TestFolder, testFolder } from './support/folder.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

/** Every file of the folder with its bytes as text, the sum and hidden files too. */
async function contents(path = folder.path): Promise<Record<string, string>> {
  const names = (await readdir(path)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), 'utf8')])),
  );
}

const START = {
  '1_a.sql': 'SELECT 1;',
  '1_a.down.sql': '\uFEFFSELECT -1;\r\n',
  '2_b.sql': 'SELECT 2;',
  '3_c.sql': 'SELECT 3;',
};

describe('several files at once', () => {
  test('written, renamed and removed; the sum fits, bytes are kept, nothing else is left', async () => {
    await folder.put(START);
    const result = await rewriteFolder(folder.path, {
      write: new Map([
        ['5_b.sql', '-- tidemark:parent 1\nSELECT 2;'],
        ['6_d.sql', 'SELECT 6;'],
      ]),
      rename: new Map([
        ['2_b.sql', '5_b.sql'],
        ['1_a.sql', '1_z.sql'],
        ['1_a.down.sql', '1_z.down.sql'],
      ]),
      remove: ['3_c.sql'],
    });
    const { 'tidemark.sum': sum, ...files } = await contents();
    expect(files).toEqual({
      '1_z.sql': 'SELECT 1;',
      '1_z.down.sql': '\uFEFFSELECT -1;\r\n',
      '5_b.sql': '-- tidemark:parent 1\nSELECT 2;',
      '6_d.sql': 'SELECT 6;',
    });
    expect(sum?.split('\n')).toHaveLength(5);
    const read = await readMigrationFolder(folder.path);
    requireListed(read);
    expect(result).toEqual(read);
  });

  test('names move on in a chain, and no text is lost', async () => {
    await folder.put(START);
    await rewriteFolder(folder.path, {
      rename: new Map([
        ['1_a.sql', '2_b.sql'],
        ['1_a.down.sql', '2_b.down.sql'],
        ['2_b.sql', '3_c.sql'],
        ['3_c.sql', '4_d.sql'],
      ]),
    });
    expect(await contents()).toMatchObject({
      '2_b.sql': 'SELECT 1;',
      '2_b.down.sql': '\uFEFFSELECT -1;\r\n',
      '3_c.sql': 'SELECT 2;',
      '4_d.sql': 'SELECT 3;',
    });
  });
});

describe('nothing is changed', () => {
  test.each<[string, FolderChanges, string | RegExp]>([
    ['a name that is taken', { rename: new Map([['2_b.sql', '3_c.sql']]) }, 'migration-exists'],
    ['a revision that is taken', { write: new Map([['2_x.sql', 'SELECT 1;']]) }, 'migration-duplicate'],
    ['a reverse without its migration', { remove: ['1_a.sql'] }, 'migration-orphan-down'],
    ['a directive nobody knows', { write: new Map([['2_b.sql', '-- tidemark:x\n']]) }, 'directive-unknown'],
    ['an empty text', { write: new Map([['2_b.sql', ' ']]) }, 'migration-empty'],
    [
      'a parent that is not there',
      { write: new Map([['2_b.sql', '-- tidemark:parent 9\n']]) },
      'graph-unknown-parent',
    ],
    ['a circle', { write: new Map([['2_b.sql', '-- tidemark:parent 3\n']]) }, 'graph-cycle'],
    ['a file that is not there', { remove: ['9_z.sql'] }, /9_z.sql is not in/],
    [
      'names in a circle',
      {
        rename: new Map([
          ['2_b.sql', '3_c.sql'],
          ['3_c.sql', '2_b.sql'],
        ]),
      },
      /in a circle/,
    ],
  ])('%s', async (_, changes, error) => {
    await folder.put(START);
    const before = await contents();
    await expect(rewriteFolder(folder.path, changes)).rejects.toMatchObject(
      typeof error === 'string' ? { code: error } : { message: expect.stringMatching(error) },
    );
    expect(await contents()).toEqual(before);
  });

  test('where the folder differs from its sum', async () => {
    await folder.put(START);
    await writeFile(join(folder.path, '3_c.sql'), 'SELECT 0;');
    const before = await contents();
    const changes = { write: new Map([['4_d.sql', 'SELECT 4;']]) };
    await expect(rewriteFolder(folder.path, changes)).rejects.toMatchObject({ code: 'sum-mismatch' });
    expect(await contents()).toEqual(before);
  });

  test('when a file cannot be placed halfway', async () => {
    await folder.put(START);
    // A helper beside the migrations is no migration until its text says so.
    await writeFile(join(folder.path, 'x.ts'), 'export const x = 1;');
    const before = await contents();
    const changes = {
      write: new Map([
        ['4_d.sql', '-- tidemark:parent 3\nSELECT 4;'],
        ['2_b.sql', '-- edited\nSELECT 2;'],
        ['x.ts', '// tidemark:revision x\n'],
      ]),
      rename: new Map([['3_c.sql', '3_y.sql']]),
    };
    await expect(rewriteFolder(folder.path, changes)).rejects.toMatchObject({ code: 'migration-exists' });
    expect(await contents()).toEqual(before);
  });
});

describe('the command after a write', () => {
  const node = (script: string): AfterWrite => ({
    command: [process.execPath, '-e', script],
    cwd: folder.path,
  });
  const changes = {
    write: new Map([
      ['4_d.sql', '-- tidemark:parent 3\nselect 4;'],
      ['4_d.down.sql', 'select -4;'],
    ]),
  };
  const FORMAT = `
    const { readFileSync, writeFileSync } = require('fs');
    for (const f of process.argv.slice(1)) writeFileSync(f, readFileSync(f, 'utf8').replace(/select/g, 'SELECT'));
  `;

  test('gets the paths, runs where it is to, and what it writes counts', async () => {
    await folder.put(START);
    const log = `require('fs').writeFileSync('log.txt', JSON.stringify([process.cwd(), process.argv.slice(1)]));`;
    const result = await rewriteFolder(folder.path, changes, { afterWrite: node(FORMAT + log) });
    expect(JSON.parse((await contents())['log.txt'] ?? '')).toEqual([
      folder.path,
      [join(folder.path, '4_d.sql'), join(folder.path, '4_d.down.sql')],
    ]);
    expect(result.migrations.at(-1)).toMatchObject({
      up: '-- tidemark:parent 3\nSELECT 4;',
      down: { sql: 'SELECT -4;' },
    });
    requireListed(await readMigrationFolder(folder.path));
  });

  test.each<[string, string, RegExp]>([
    [
      'fails',
      'console.error("no such rule"); process.exit(3)',
      /ended with exit code 3; nothing was written/,
    ],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', /was ended by SIGKILL/],
    ['removes a file', 'require("fs").rmSync(process.argv[1])', /no migration: ENOENT/],
    ['empties a file', 'require("fs").writeFileSync(process.argv[1], "")', /4_d.sql is empty/],
    [
      'breaks the directives',
      'require("fs").writeFileSync(process.argv[1], "-- tidemark : paren 3\\n")',
      /unknown directive/,
    ],
    [
      'changes the directives',
      'require("fs").writeFileSync(process.argv[1], "-- tidemark:parent 2\\n")',
      /changed the directives of 4_d.sql/,
    ],
  ])('nothing is changed when it %s', async (_, script, message) => {
    await folder.put(START);
    const before = await contents();
    await expect(
      rewriteFolder(
        folder.path,
        { ...changes, rename: new Map([['2_b.sql', '2_x.sql']]), remove: ['1_a.down.sql'] },
        { afterWrite: node(script) },
      ),
    ).rejects.toMatchObject({ code: 'hook-failed', message: expect.stringMatching(message) });
    expect(await contents()).toEqual(before);
  });

  test('its output is shown; one that is not there is named', async () => {
    await folder.put(START);
    const before = await contents();
    const failing = node('console.log("out"); console.error("no such rule"); process.exit(3)');
    await expect(rewriteFolder(folder.path, changes, { afterWrite: failing })).rejects.toMatchObject({
      excerpt: expect.stringMatching(/out\n?.*no such rule|no such rule\n?.*out/s),
    });
    const absent: AfterWrite = { command: ['no-such-program-anywhere', '--x'], cwd: folder.path };
    await expect(rewriteFolder(folder.path, changes, { afterWrite: absent })).rejects.toMatchObject({
      code: 'hook-failed',
      message: expect.stringContaining('"no-such-program-anywhere --x" cannot be started (ENOENT)'),
    });
    // What Node throws rather than reports, as it does for a .cmd file on Windows.
    const unfit: AfterWrite = { command: ['x\0'], cwd: folder.path };
    await expect(rewriteFolder(folder.path, changes, { afterWrite: unfit })).rejects.toMatchObject({
      code: 'hook-failed',
      message: expect.stringContaining('cannot be started (ERR_INVALID_ARG_VALUE)'),
    });
    expect(await contents()).toEqual(before);
  });

  test('a path with blanks, quotes and a leading dash is one argument', async () => {
    const odd = join(folder.path, `-a "b' $x;`);
    await mkdir(odd);
    const log = `require('fs').writeFileSync('log.txt', JSON.stringify(process.argv.slice(1)));`;
    await rewriteFolder(odd, { write: new Map([["1_x 'y'.sql", 'SELECT 1;']]) }, { afterWrite: node(log) });
    expect(JSON.parse(await readFile(join(folder.path, 'log.txt'), 'utf8'))).toEqual([
      join(odd, "1_x 'y'.sql"),
    ]);
  });
});

test('any renaming without a circle keeps every text once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 4, maxLength: 4 }),
      async (targets) => {
        const one = await testFolder();
        try {
          const names = [1, 2, 3, 4].map((number) => `${number}_x.sql`);
          await one.put(Object.fromEntries(names.map((name) => [name, `SELECT '${name}';`])));
          const rename = new Map(
            names.flatMap((name, index) =>
              name === `${targets[index]}_x.sql` ? [] : [[name, `${targets[index]}_x.sql`] as const],
            ),
          );
          const before = await contents(one.path);
          const result = await rewriteFolder(one.path, { rename }).catch((error: Error) => error);
          if (result instanceof Error) {
            expect(result.message).toMatch(/in a circle/);
            expect(await contents(one.path)).toEqual(before);
            return;
          }
          for (const name of names) {
            const text = await readFile(join(one.path, rename.get(name) ?? name), 'utf8');
            expect(text).toBe(`SELECT '${name}';`);
          }
          expect(readdirSync(one.path)).toHaveLength(5);
        } finally {
          await one.remove();
        }
      },
    ),
    { numRuns: 30 },
  );
});
