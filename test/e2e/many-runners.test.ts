import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { connect } from '../migrations/support/database.js';
import { type CliResult, tidemark } from '../support/cli.js';
import { describeEachServer, embedded, freshDatabase } from '../support/postgres-server.js';

// Ten real processes run `migrate up` at the same moment, round after round, each with a database of its own.

/** `npm run test:long` makes it 50. */
const ROUNDS = Number(process.env.TIDEMARK_RUNNER_ROUNDS ?? 3);
const RUNNERS = 10;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-many-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const imports = `import { readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const folder = new URL('../', import.meta.url);`;

/** Every migration leaves its number when it runs, so that one that ran twice or not at all shows. */
const migrations = (postgres: boolean): Record<string, string> => ({
  // Whoever wins waits until everybody is there: the others find the work in full swing.
  '1_gate.mjs': `${imports}
export async function upgrade(db) {
  await db.execute('CREATE TABLE ran (n integer); INSERT INTO ran VALUES (1);');
  for (let n = 0; n < 6000 && readdirSync(new URL('arrived/', folder)).length < ${RUNNERS}; n++) await sleep(10);
}
`,
  '2_sql.sql': 'INSERT INTO ran VALUES (2);\n',
  // Waits to be killed as often as it is told to.
  '3_program.mjs': `${imports}
export async function upgrade(db) {
  await db.execute('INSERT INTO ran VALUES (3)');
  const before = readdirSync(folder).filter((name) => name.startsWith('working-')).length;
  if (before >= Number(process.env.RUNNERS_TO_KILL)) return;
  writeFileSync(new URL('working-' + before, folder), String(process.pid));
  await sleep(120_000);
}
`,
  '4_pieces.sql': `-- tidemark:transaction none
INSERT INTO ran VALUES (4);
CREATE INDEX ${postgres ? 'CONCURRENTLY ' : ''}ran_n ON ran (n);
INSERT INTO ran VALUES (40);
`,
  '5_last.sql': 'INSERT INTO ran VALUES (5);\n',
});

async function prepare(url: string): Promise<void> {
  rmSync(folder, { recursive: true });
  mkdirSync(join(folder, 'migrations'), { recursive: true });
  mkdirSync(join(folder, 'arrived'));
  writeFileSync(
    join(folder, 'tidemark.config.mjs'),
    `import { writeFileSync } from 'node:fs';
writeFileSync(new URL('arrived/' + process.pid, import.meta.url), '');
export default { environments: { local: { url: ${JSON.stringify(url)} } } };
`,
  );
  for (const [name, text] of Object.entries(migrations(!url.startsWith('sqlite:')))) {
    writeFileSync(join(folder, 'migrations', name), text);
  }
  await hashFolder(join(folder, 'migrations'));
}

const up = (kills = 0) =>
  tidemark(['migrate', 'up', '--lock-timeout', '100s'], {
    cwd: folder,
    env: { RUNNERS_TO_KILL: String(kills) },
  });

/** Ten at once, of which so many are killed while they work. */
async function race(kills: number): Promise<CliResult[]> {
  const ended: CliResult[] = [];
  const runners = Array.from({ length: RUNNERS }, () =>
    up(kills).then((result) => {
      ended.push(result);
      return result;
    }),
  );
  for (let n = 0; n < kills; n++) {
    const pid = await workerNumber(n, () => ended.length === RUNNERS);
    if (pid === undefined) break;
    process.kill(pid, 'SIGKILL');
  }
  return Promise.all(runners);
}

/** The process that waits to be killed; undefined when none will any more. */
async function workerNumber(n: number, over: () => boolean): Promise<number | undefined> {
  for (;;) {
    try {
      const pid = Number(readFileSync(join(folder, `working-${n}`), 'utf8'));
      if (pid > 0) return pid;
    } catch {
      if (over()) return undefined;
    }
    await sleep(5);
  }
}

const APPLIED = /^▲ .*\napplied \d migrations? in \d+ ms; \S+ is at 5\n$/s;
const NOTHING = /^nothing to apply: \S+ is at 5\n$/;

/** What the database says after everybody has gone: every migration ran once, and the history knows it. */
async function requireOnce(url: string, kills: number): Promise<void> {
  const db = await connect(url);
  try {
    const prefix = db.engine === 'sqlite' ? 'tidemark_' : 'tidemark.';
    expect((await db.query('SELECT n FROM ran ORDER BY n')).map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 40]);
    const revisions = await db.query(
      `SELECT revision, state, origin FROM ${prefix}revision ORDER BY position`,
    );
    expect(revisions).toEqual(
      ['1', '2', '3', '4', '5'].map((revision) => ({ revision, state: 'applied', origin: 'run' })),
    );
    const log = await db.query<{ revision: string | null; outcome: string }>(
      `SELECT revision, outcome FROM ${prefix}log ORDER BY id`,
    );
    const count = (outcome: string) => log.filter((line) => line.outcome === outcome).length;
    expect(log.filter(({ outcome }) => outcome === 'done').map(({ revision }) => revision)).toEqual([
      ...['1', '2', '3', '4', '5'],
      null,
    ]);
    expect({ started: count('started'), interrupted: count('interrupted') }).toEqual({
      started: kills + 1,
      interrupted: kills,
    });
    expect(log).toHaveLength(6 + 1 + 2 * kills);
    if (db.engine === 'sqlite') {
      expect(await db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    }
  } finally {
    await db.close();
  }
}

/** Everybody waits for whoever works: one word of work done, and as many of nothing left to do as have lived. */
function requireTrueWords(results: readonly CliResult[], kills: number): void {
  const lived = results.filter(({ code }) => code !== null);
  for (const { code, stderr } of lived) expect(code, stderr).toBe(0);
  expect(results.length - lived.length).toBe(kills);
  expect(lived.filter(({ stdout }) => APPLIED.test(stdout))).toHaveLength(1);
  expect(lived.filter(({ stdout }) => NOTHING.test(stdout))).toHaveLength(lived.length - 1);
  const told = lived.filter(({ stderr }) => /the run before this one.* ended without a word/.test(stderr));
  expect(told).toHaveLength(kills === 0 ? 0 : 1);
}

/** Rounds without a kill, and one in three in which one or two are killed. */
function rounds(make: () => Promise<{ url: string; drop: () => Promise<void> }>): void {
  test(
    `${ROUNDS} rounds, ${RUNNERS} processes: every migration runs once, and every process ends with a true word`,
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { url, drop } = await make();
        try {
          const kills = round % 3 === 2 ? 1 + (round % 2) : 0;
          await prepare(url);
          requireTrueWords(await race(kills), kills);
          await requireOnce(url, kills);
        } finally {
          await drop();
        }
      }
    },
    60_000 + ROUNDS * 60_000,
  );
}

describeEachServer('many runners', (server) => rounds(() => freshDatabase(server)), { newest: true });

describe('many runners (SQLite)', () => {
  rounds(async () => ({ url: `sqlite:${join(folder, 'app.db')}`, drop: async () => {} }));
});

describe('many runners (embedded)', () => {
  test(
    `${ROUNDS} rounds, ${RUNNERS} processes: one works, the others are refused in words or find it done`,
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { url, drop } = await freshDatabase(embedded());
        try {
          const kills = round % 3 === 2 ? 1 : 0;
          await prepare(url);
          const results = await race(kills);
          const lived = results.filter(({ code }) => code !== null);
          expect(results.length - lived.length).toBe(kills);
          for (const { code, stdout, stderr } of lived) {
            if (code === 4) {
              expect(stderr).toMatch(/is open in process \d+ on /);
              expect(stderr).toContain('The embedded database serves one process at a time');
              expect(stdout).toBe('');
            } else {
              expect(code, stderr).toBe(0);
              expect(stdout).toMatch(APPLIED.test(stdout) ? APPLIED : NOTHING);
            }
          }
          const applied = lived.filter(({ stdout }) => APPLIED.test(stdout)).length;
          // After a kill nobody may be left to go on: then the next one does.
          if (kills > 0 && applied === 0)
            expect(await up(kills)).toMatchObject({ code: 0, stdout: expect.stringMatching(APPLIED) });
          else expect(applied).toBe(1);
          await requireOnce(url, kills);
          expect(await up(kills)).toMatchObject({ code: 0, stdout: expect.stringMatching(NOTHING) });
        } finally {
          await drop();
        }
      }
    },
    60_000 + ROUNDS * 60_000,
  );
});
