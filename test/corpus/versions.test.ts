import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { openDatabase } from '../../src/database/open-database.js';
import { planBetween } from '../../src/planning/plan-between.js';
import type { StateSource } from '../../src/planning/state-source.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { quoteIdent } from '../../src/postgres/identifiers.js';
import { splitScript } from '../../src/postgres/split-script.js';
import { inProcess } from '../support/cli-in-process.js';
import { freshDatabase, servers } from '../support/postgres-server.js';
import { ensureRoles } from '../support/roles.js';
import { type CorpusCase, corpusCases } from './corpus-case.js';

/** What one server has of the dense schema. */
interface Built {
  readonly name: string;
  readonly url: string;
  readonly drop: () => Promise<void>;
}

const real = servers();
const shared = corpusCases().filter(({ since, needsVector }) => since === 0 && !needsVector);
// A plan has both directions in it, so each two are compared once, and the farthest also the other way round.
const pairs = real.flatMap((a, place) => real.slice(place + 1).map((b) => [a.name, b.name] as const));
if (pairs.length > 0) pairs.push([real.at(-1)!.name, real[0]!.name]);

describe.skipIf(pairs.length === 0)('one schema on servers of several versions', () => {
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
  const built = new Map<string, Built>();
  let sql: readonly string[];

  beforeAll(async () => {
    for (const server of real) {
      const { url, drop } = await freshDatabase(server);
      built.set(server.name, { name: server.name, url, drop });
      const connection = await openDatabase(parseDatabaseUrl(url));
      try {
        for (const { roles } of shared) await ensureRoles(connection, roles);
        // The oldest server says which cases can stand side by side.
        if (sql === undefined) sql = await joined(connection);
        else await connection.executeAll(sql);
      } finally {
        await connection.close();
      }
    }
  }, 600_000);
  afterAll(async () => {
    await bench.close();
    for (const { drop } of built.values()) await drop();
  });

  const live = (name: string): StateSource => ({
    type: 'database',
    label: name,
    url: parseDatabaseUrl(built.get(name)!.url),
  });

  async function expectNoDifference(from: StateSource, to: StateSource): Promise<void> {
    const told = bench.notes.length;
    const { up, down, unmanaged } = await planBetween(bench, from, to, { open: openDatabase });
    expect(up.steps.flatMap((step) => step.sql)).toEqual([]);
    expect(down.steps.flatMap((step) => step.sql)).toEqual([]);
    expect(unmanaged.from).toEqual(unmanaged.to);
    // That files name a role is no version's matter.
    expect(bench.notes.slice(told).filter((note) => !note.includes(' names the role '))).toEqual([]);
  }

  test.each(pairs)('%s and %s do not differ', (a, b) => expectNoDifference(live(a), live(b)), 600_000);

  test.each(real.map(({ name }) => name))(
    '%s and the files do not differ',
    (name) => {
      const files: StateSource = {
        type: 'scripts',
        label: 'schema.sql',
        files: [{ name: 'schema.sql', sql: sql.join(';\n') }],
      };
      return expectNoDifference(live(name), files);
    },
    600_000,
  );

  test('the command line says so too', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'tidemark-versions-'));
    const [oldest, newest] = [built.get(real[0]!.name)!, built.get(real.at(-1)!.name)!];
    try {
      const args = ['schema', 'diff', '--from', oldest.url, '--to', newest.url, '--check'];
      expect(await inProcess(args, { cwd })).toMatchObject({ code: 0, stdout: '' });
    } finally {
      rmSync(cwd, { recursive: true, force: true });
    }
  }, 600_000);
});

/** Builds all cases that every version can and that do not get in each other's way, each in a schema of its own. */
async function joined(connection: Connection): Promise<string[]> {
  const done: string[] = [];
  const left: string[] = [];
  // What an event trigger does to others must not matter.
  const inOrder = [...shared].sort((a, b) => Number(hasEventTrigger(a)) - Number(hasEventTrigger(b)));
  for (const [place, example] of inOrder.entries()) {
    const statements = await inOwnSchema(example, place);
    try {
      await connection.executeAll(['BEGIN', ...statements, 'COMMIT']);
      done.push(...statements);
    } catch (error) {
      await connection.executeAll(['ROLLBACK']);
      left.push(`${example.name}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  if (process.env.CORPUS_SHOW) console.log([...left, `${done.length} statements`].join('\n'));
  return done;
}

function hasEventTrigger({ after }: CorpusCase): boolean {
  return /CREATE EVENT TRIGGER/i.test(after);
}

/** The new state of a case, where a schema of its own stands for `public` and its other schemas have other names. */
async function inOwnSchema({ name, after }: CorpusCase, place: number): Promise<string[]> {
  const others = [...after.matchAll(/^CREATE SCHEMA (?:IF NOT EXISTS )?([a-z]\w*)/gim)].map(
    ([, word]) => word,
  );
  const renamed = others.reduce<string>(
    (text, word) => text.replace(new RegExp(`\\b${word}\\b`, 'g'), `${word}_${place}`),
    after,
  );
  const statements = await splitScript(renamed, name);
  const schema = quoteIdent(name);
  return [
    `CREATE SCHEMA ${schema}`,
    `SET search_path = ${schema}, public`,
    ...statements.map(({ sql }) => sql),
    'RESET search_path',
  ];
}
