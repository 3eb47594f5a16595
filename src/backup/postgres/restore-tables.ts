import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** A table that comes back, as it is made in a database of the backup. */
export interface SelectedTable extends Named {
  /** Its rows lie in its partitions. */
  readonly partitioned: boolean;
  readonly isPartition: boolean;
  readonly parents: readonly Named[];
  /** Sequences that belong to its columns. */
  readonly sequences: readonly Named[];
}

/**
 * The tables that words name, each `schema.table` or `table`, and those of whole schemas; a partitioned table comes
 * with its partitions. Throws TidemarkError with exit code 2: `table-unknown`, `table-ambiguous`.
 */
export async function selectTables(
  connection: Connection,
  words: readonly string[],
  schemas: readonly string[],
): Promise<readonly SelectedTable[]> {
  const rows = await connection.query<{
    schema: string;
    name: string;
    kind: string;
    partition: boolean;
    parents: Named[] | null;
    sequences: Named[] | null;
  }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
       c.relispartition AS partition,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', pn.nspname, 'name', p.relname))
        FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
          JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid) AS parents,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', sn.nspname, 'name', s.relname))
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
          JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = d.classid
          AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')) AS sequences
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                       AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
     ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const all = rows.map(
    ({ schema, name, kind, partition, parents, sequences }): SelectedTable => ({
      schema,
      name,
      partitioned: kind === 'p',
      isPartition: partition,
      parents: parents ?? [],
      sequences: sequences ?? [],
    }),
  );
  const chosen = new Set<SelectedTable>();
  for (const word of words) {
    const exact = all.filter(({ schema, name }) => `${schema}.${name}` === word);
    const found = exact.length > 0 ? exact : all.filter(({ name }) => name === word);
    const [table, ...more] = found;
    if (table === undefined) throw unknown(`the backup has no table "${word}"`, all);
    if (more.length > 0) throw ambiguous(word, found);
    chosen.add(table);
  }
  for (const schema of schemas) {
    const found = all.filter((table) => table.schema === schema);
    if (found.length === 0) throw unknown(`the backup has no tables in a schema "${schema}"`, all);
    for (const table of found) chosen.add(table);
  }
  for (;;) {
    const before = chosen.size;
    for (const table of all) {
      if (!table.isPartition) continue;
      if ([...chosen].some((one) => table.parents.some((parent) => same(parent, one)))) chosen.add(table);
    }
    if (chosen.size === before) return all.filter((table) => chosen.has(table));
  }
}

function same(a: Named, b: Named): boolean {
  return a.schema === b.schema && a.name === b.name;
}

function unknown(message: string, all: readonly Named[]): TidemarkError {
  const shown = all.slice(0, 20).map(({ schema, name }) => `${schema}.${name}`);
  return new TidemarkError('table-unknown', message, {
    exitCode: 2,
    hints: [`It has ${shown.join(', ')}${all.length > shown.length ? ' and more' : ''}.`],
  });
}

function ambiguous(word: string, found: readonly Named[]): TidemarkError {
  return new TidemarkError('table-ambiguous', `the backup has several tables "${word}"`, {
    exitCode: 2,
    hints: [`Say which: ${found.map(({ schema, name }) => `${schema}.${name}`).join(', ')}.`],
  });
}
