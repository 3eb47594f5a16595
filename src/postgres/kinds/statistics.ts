import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface StatisticsProps {
  /** The id of the table: statistics of one name may belong to another one. */
  readonly table: string;
  /** Sorted: the server keeps them in the order of the table's columns, which says nothing. */
  readonly columns: readonly string[];
  /** PostgreSQL 14 and newer; each with its parentheses where it needs them. */
  readonly expressions: readonly string[];
  /** Sorted; empty for all there are, or where a single expression has none to choose from. */
  readonly kinds: readonly string[];
  /** Null for the largest of its columns' targets. */
  readonly target: number | null;
}

const KINDS: Readonly<Record<string, string>> = { d: 'ndistinct', f: 'dependencies', m: 'mcv' };

/**
 * A statistics object: what ANALYZE gathers about several columns or an expression. It is made anew when one of
 * its columns changes its type, as its values are gathered anew then anyway.
 */
export const statisticsKind: PostgresKind = {
  name: 'statistics',
  rank: 35,
  label: (object) => `statistics ${plainName(object.schema, object.name)}`,
  reference: statistics,
  slots: (object) => [`statistics ${plainName(object.schema, object.name)}`],
  droppedWithParent: () => true,
  blocksColumnTypeChange: true,

  query: (version) => `
    SELECT 'pg_statistic_ext'::regclass::oid::int8 AS classid, o.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, o.stxname AS name, o.stxrelid::int8 AS relation, o.stxkind AS kinds,
           ARRAY(SELECT a.attname FROM pg_attribute a
                  WHERE a.attrelid = o.stxrelid AND a.attnum = ANY (o.stxkeys)) AS columns,
           ${version >= 140000 ? `CASE WHEN o.stxexprs IS NULL THEN '{}' ELSE pg_get_statisticsobjdef_expressions(o.oid) END` : `'{}'::text[]`} AS definition,
           nullif(o.stxstattarget, -1) AS target
      FROM pg_statistic_ext o
      JOIN pg_namespace n ON n.oid = o.stxnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_statistic_ext', 'o.oid')}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.relation as number, 0);
    if (parent === undefined) return undefined;
    const kinds = (row.kinds as string[]).flatMap((kind) => KINDS[kind] ?? []);
    return {
      kind: 'statistics',
      path: [row.schema as string, row.name as string],
      name: row.name as string,
      schema: row.schema as string,
      parent,
      props: {
        table: parent,
        columns: (row.columns as string[]).sort(),
        expressions: (row.definition as string[]).map(canonicalExpression),
        kinds: kinds.length === Object.keys(KINDS).length ? [] : kinds.sort(),
        target: row.target as number | null,
      },
    };
  },

  create(object) {
    const { columns, expressions, kinds, target } = propsOf<StatisticsProps>(object);
    const [schema, relation] = objectPath(object.parent!);
    const words = [
      `CREATE ${statistics(object)}`,
      ...(kinds.length === 0 ? [] : [`(${kinds.join(', ')})`]),
      `ON ${[...columns.map(quoteIdent), ...expressions.map(wrapped)].join(', ')}`,
      `FROM ${qualified(schema!, relation!)}`,
    ];
    return { sql: [words.join(' '), ...(target === null ? [] : [setTarget(object)])] };
  },
  drop: (object) => ({ sql: [`DROP ${statistics(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${statistics(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter: (_before, after, changed) =>
    changed.some((name) => name !== 'target')
      ? 'replace'
      : {
          sql: [setTarget(after)],
          summary: `Change the target of statistics ${plainName(after.schema, after.name)}`,
        },
};

function statistics(object: SchemaObject): string {
  return `STATISTICS ${qualified(object.schema, object.name)}`;
}

/** A call of a function may stand alone there, nothing else; parentheses do no harm. */
function wrapped(expression: string): string {
  return `(${expression})`;
}

function setTarget(object: SchemaObject): string {
  return `ALTER ${statistics(object)} SET STATISTICS ${propsOf<StatisticsProps>(object).target ?? -1}`;
}
