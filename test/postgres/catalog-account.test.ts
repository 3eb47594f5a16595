import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { openEmbedded } from '../../src/database/embedded-postgres.js';
import { postgresKind } from '../../src/postgres/kind-registry.js';
import { postgresKinds } from '../../src/postgres/kinds/index.js';

/** What the page says of one catalog: the kinds that read it, and which of its columns are read by no query and why. */
interface Account {
  readonly catalog: string;
  readonly kinds: readonly string[];
  readonly rest: string;
}

const page = readFileSync(new URL('../../docs/postgres-coverage.md', import.meta.url), 'utf8');
const NEWEST = 180000;

/** The rows of the last table of the page: `| pg_class | table, view | … |`. */
function accounts(): Account[] {
  const section = page.slice(page.indexOf('## The catalogs, one by one'));
  return [...section.matchAll(/^\| `(pg_\w+)` \|([^|]*)\|([^|]*)\|$/gm)].map(([, catalog, kinds, rest]) => ({
    catalog: catalog!,
    kinds: kinds!.trim() === '' ? [] : kinds!.split(',').map((kind) => kind.trim()),
    rest: rest!.trim(),
  }));
}

/** Everything that is asked of the catalogs for the kinds of these names, as one text. */
function queriesOf(kinds: readonly string[]): string {
  return kinds.map((kind) => postgresKind(kind).query(NEWEST)).join('\n');
}

describe('the account of all catalogs of the newest PostgreSQL', () => {
  let connection: Connection;
  const catalogs = new Map<string, string[]>();
  beforeAll(async () => {
    connection = await openEmbedded({});
    const rows = await connection.query<{ name: string; columns: string[] }>(`
      SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
       GROUP BY c.relname`);
    for (const { name, columns } of rows) catalogs.set(name, columns);
  });
  afterAll(() => connection.close());

  test('names each catalog once, and nothing else', () => {
    expect(accounts().map(({ catalog }) => catalog)).toEqual([...catalogs.keys()].sort());
  });

  test('names each kind somewhere', () => {
    const named = new Set(accounts().flatMap(({ kinds }) => kinds));
    expect(postgresKinds.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([]);
  });

  test.each(accounts().filter(({ kinds }) => kinds.length === 0))(
    'has a reason for not managing $catalog',
    ({ rest }) => {
      expect(rest.length).toBeGreaterThan(10);
    },
  );

  test.each(accounts().filter(({ kinds }) => kinds.length > 0))(
    'has every column of $catalog read, or a reason why not',
    ({ catalog, kinds, rest }) => {
      const queries = queriesOf(kinds);
      const columns = catalogs.get(catalog) ?? [];
      const excused = new Set([...rest.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
      const isRead = (column: string): boolean => new RegExp(`\\b${column}\\b`).test(queries);
      expect(columns.filter((column) => column !== 'oid' && !isRead(column) && !excused.has(column))).toEqual(
        [],
      );
      expect([...excused].filter((name) => columns.includes(name) && isRead(name))).toEqual([]);
    },
  );
});
