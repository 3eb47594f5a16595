import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { openDatabase } from '../../src/database/open-database.js';
import { planBetween, readDatabase } from '../../src/planning/plan-between.js';
import type { StateSource } from '../../src/planning/state-source.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { splitScript } from '../../src/postgres/split-script.js';
import type { Schema } from '../../src/schema/object.js';
import { type Plan, planStatements, segmentsOf } from '../../src/schema/plan.js';
import { differences } from '../postgres/scratch.js';
import { findClientPrograms } from '../support/postgres-binaries.js';
import { describeEachServer, freshDatabase, servers, type TestServer } from '../support/postgres-server.js';
import { ensureRoles } from '../support/roles.js';
import { type CorpusCase, corpusCases } from './corpus-case.js';
import { survivors } from './survivors.js';

const run = promisify(execFile);
const programs = findClientPrograms();

/** The server whose own pg_dump is here takes every case: the judge is to see all of the corpus. */
const dumpMajor = dumpVersion();
const judged = servers().find(({ name }) => name === dumpMajor);

/**
 * The other servers share the corpus among them: each case goes to one of those that can run it. What is too new for the
 * judge is so run all the same. CORPUS_ALL=1 gives everything to each.
 */
function takes(server: TestServer, example: CorpusCase, place: number): boolean {
  if (!fits(server, example)) return false;
  if (server.name === judged?.name || process.env.CORPUS_ALL === '1') return true;
  const able = servers().filter((other) => other.name !== judged?.name && fits(other, example));
  return able[place % able.length]?.name === server.name;
}

function fits(server: TestServer, { since, needsVector }: CorpusCase): boolean {
  return since <= Number(server.name) * 10000 && (server.hasVector || !needsVector);
}

/** As `schema apply` plans: the database is read in the words of the embedded dev database, and the plan proven there. */
describeEachServer('the corpus', (server) => {
  const share = corpusCases().filter((example, place) => takes(server, example, place));
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
  beforeAll(() => bench.dev());
  afterAll(() => bench.close());

  test.each(share)('$name', async (example) => {
    const { url, drop } = await freshDatabase(server);
    const connection = await openDatabase(parseDatabaseUrl(url));
    try {
      await ensureRoles(connection, example.roles);
      await walk(example, url, connection);
    } finally {
      await connection.close();
      await drop();
    }
  });

  async function walk(example: CorpusCase, url: string, connection: Connection): Promise<void> {
    await execute(connection, example.before);
    await execute(connection, example.seed);
    const database: StateSource = { type: 'database', label: 'live', url: parseDatabaseUrl(url) };
    // The embedded engine goes the short way on the newest version; the newest server goes the online way, and with
    // CORPUS_ONLINE=1 every server.
    const online = process.env.CORPUS_ONLINE === '1' || server.name === servers().at(-1)?.name;
    const options = { open: openDatabase, online };
    const { from, to, up, down } = await planBetween(
      bench,
      database,
      script('after.sql', example.after),
      options,
    );
    const rows = await survivors(connection, from, to, false);
    const sameRows = await survivors(connection, from, to, true);
    await apply(connection, up, to);
    expect(await survivors(connection, from, to, true), show(up)).toEqual(sameRows);
    if (server.name === judged?.name && example.notDumpedAlike.length === 0)
      await expectSameDump(url, example.after);
    await apply(connection, down, from);
    expect(await survivors(connection, from, to, false), show(down)).toEqual(rows);
    await apply(connection, up, to);
    const again = await planBetween(bench, database, script('before.sql', example.before), options);
    await apply(connection, again.up, again.to);
  }

  async function apply(connection: Connection, plan: Plan, wanted: Schema): Promise<void> {
    for (const segment of segmentsOf(plan)) {
      const statements = planStatements(segment);
      const all = segment.transactional ? ['BEGIN', ...statements, 'COMMIT'] : statements;
      await connection.executeAll(all).catch((error: Error) => {
        throw new Error(`${error.message}\nin\n${show(plan)}`, { cause: error });
      });
    }
    expect(differences(await readDatabase(bench, connection), wanted), show(plan)).toEqual([]);
  }

  /** pg_dump is a judge that knows nothing of us: the migrated database must look like one built directly. */
  async function expectSameDump(url: string, sql: string): Promise<void> {
    const direct = await freshDatabase(server);
    try {
      const connection = await openDatabase(parseDatabaseUrl(direct.url));
      await execute(connection, sql);
      await connection.close();
      const [migrated, built] = await Promise.all([dump(url), dump(direct.url)]);
      expect(migrated).toEqual(built);
    } finally {
      await direct.drop();
    }
  }
});

function script(name: string, sql: string): StateSource {
  return { type: 'scripts', label: name, files: [{ name, sql }] };
}

async function execute(connection: Connection, sql: string): Promise<void> {
  const statements = await splitScript(sql, 'corpus.sql');
  await connection.executeAll(statements.map((statement) => statement.sql));
}

function show(plan: Plan): string {
  return planStatements(plan).join(';\n');
}

function dumpVersion(): string | undefined {
  if (programs === undefined) return undefined;
  const said = spawnSync(join(programs, 'pg_dump'), ['--version'], { encoding: 'utf8' }).stdout;
  return /(\d+)/.exec(said)?.[1];
}

/** The lines of a schema dump, sorted, as the order of columns and of statements says nothing. */
async function dump(address: string): Promise<string[]> {
  const url = parseDatabaseUrl(address) as PostgresUrl;
  const { stdout } = await run(join(programs!, 'pg_dump'), ['--schema-only', '-d', address], {
    env: { ...process.env, PGCONNECT_TIMEOUT: '20', PGDATABASE: String(url.database) },
    maxBuffer: 1e8,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('--') && !line.startsWith('\\'))
    .map(withoutWording)
    .sort();
}

/** Where two dumps may say the same differently: commas, casts of strings, brackets, the order of parameters. */
function withoutWording(line: string): string {
  return line
    .replace(/,?\r?$/, '')
    .replace(/ DEFAULT NULL::.*$/, '')
    .replace(/::(character varying|text)(\[\])?/g, '')
    .replace(
      / WITH \((.*)\)/,
      (_, list: string) => ` WITH ${list.replace(/;$/, '').split(', ').sort().join()}`,
    )
    .replace(/[();]/g, '');
}
