import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { operatorName, operatorValue, routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, plainName, quoteIdent, quoteLiteral, shadowing } from '../identifiers.js';
import type { CatalogRow, ObjectDraft, PostgresKind } from '../postgres-kind.js';
import { optionList } from './named-object.js';

interface AggregateProps {
  readonly sort: 'normal' | 'ordered-set' | 'hypothetical';
  /** As CREATE AGGREGATE writes them: `*` for none, `ORDER BY` for an ordered set's. */
  readonly arguments: string;
  readonly returns: string;
  /** The options of CREATE AGGREGATE by their names, written as SQL; only those that differ from their default. */
  readonly options: Readonly<Record<string, string>>;
}

const SORTS: Readonly<Record<string, AggregateProps['sort']>> = {
  n: 'normal',
  o: 'ordered-set',
  h: 'hypothetical',
};

const MODIFY: Readonly<Record<string, string>> = { r: 'READ_ONLY', s: 'SHAREABLE', w: 'READ_WRITE' };
const PARALLEL: Readonly<Record<string, string>> = { r: 'RESTRICTED', s: 'SAFE' };

/** Aggregates of all three sorts. CREATE OR REPLACE changes what its callers cannot see. */
export const aggregateKind: PostgresKind = {
  name: 'aggregate',
  rank: 47,
  label: (object) => `aggregate ${plainSignature(object)}`,
  reference,
  slots: (object) => [`routine ${plainSignature(object)}`],
  crowds: (object) => [`routine ${plainName(object.schema, object.name)}`],

  query: () => `
    SELECT ${CATALOG.pg_proc} AS classid, p.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, p.proname AS name, pg_function_is_visible(p.oid) AS visible, a.aggkind AS kind,
           ARRAY(SELECT format_type(t.type, NULL)
                   FROM unnest(p.proargtypes) WITH ORDINALITY t(type, place) ORDER BY t.place) AS types,
           pg_get_function_arguments(p.oid) AS definition,
           pg_get_function_identity_arguments(p.oid) AS identity, pg_get_function_result(p.oid) AS returns,
           ${routineName('a.aggtransfn')} AS sfunc, format_type(a.aggtranstype, NULL) AS stype, a.aggtransspace AS sspace,
           ${routineName('a.aggfinalfn')} AS finalfunc, a.aggfinalextra AS finalfunc_extra, a.aggfinalmodify AS finalfunc_modify,
           ${routineName('a.aggcombinefn')} AS combinefunc, ${routineName('a.aggserialfn')} AS serialfunc,
           ${routineName('a.aggdeserialfn')} AS deserialfunc, a.agginitval AS initcond,
           ${routineName('a.aggmtransfn')} AS msfunc, ${routineName('a.aggminvtransfn')} AS minvfunc,
           CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END AS mstype, a.aggmtransspace AS msspace,
           ${routineName('a.aggmfinalfn')} AS mfinalfunc, a.aggmfinalextra AS mfinalfunc_extra,
           a.aggmfinalmodify AS mfinalfunc_modify, a.aggminitval AS minitcond,
           ${operatorName('a.aggsortop')} AS sortop, p.proparallel AS parallel
      FROM pg_aggregate a
      JOIN pg_proc p ON p.oid = a.aggfnoid
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_proc', 'p.oid')}`,

  read,

  create: (object) => ({ sql: [createSql(object, 'CREATE')] }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),
  alter: (_before, after, changed) =>
    changed.some((property) => property !== 'options')
      ? 'replace'
      : { sql: [createSql(after, 'CREATE OR REPLACE')] },
};

function read(row: CatalogRow): ObjectDraft {
  const schema = row.schema as string;
  const name = row.name as string;
  const types = row.types as string[];
  const identity = row.identity as string;
  const sort = SORTS[row.kind as string]!;
  return {
    kind: 'aggregate',
    path: [schema, `${name}(${types.join(', ')})`],
    name,
    schema,
    parent: null,
    props: {
      sort,
      arguments: canonicalExpression(row.definition as string) || '*',
      returns: row.returns as string,
      options: optionsOf(row, sort),
    },
    info: { types, identity: identity === '' ? '*' : identity, ...shadowing(schema, row.visible) },
  };
}

/** In the order in which the manual names them. */
function optionsOf(row: CatalogRow, sort: AggregateProps['sort']): Record<string, string> {
  const usual = sort === 'normal' ? 'r' : 'w';
  const modify = (value: unknown): string | null => (value === usual ? null : MODIFY[value as string]!);
  const text = (value: unknown): string | null => (value === null ? null : quoteLiteral(value as string));
  const moving = row.msfunc !== null;
  const options: [string, unknown][] = [
    ['SFUNC', row.sfunc],
    ['STYPE', row.stype],
    ['SSPACE', row.sspace === 0 ? null : row.sspace],
    ['FINALFUNC', row.finalfunc],
    ['FINALFUNC_EXTRA', row.finalfunc_extra === true ? 'true' : null],
    ['FINALFUNC_MODIFY', modify(row.finalfunc_modify)],
    ['COMBINEFUNC', row.combinefunc],
    ['SERIALFUNC', row.serialfunc],
    ['DESERIALFUNC', row.deserialfunc],
    ['INITCOND', text(row.initcond)],
    ['MSFUNC', row.msfunc],
    ['MINVFUNC', row.minvfunc],
    ['MSTYPE', row.mstype],
    ['MSSPACE', row.msspace === 0 ? null : row.msspace],
    ['MFINALFUNC', row.mfinalfunc],
    ['MFINALFUNC_EXTRA', row.mfinalfunc_extra === true ? 'true' : null],
    ['MFINALFUNC_MODIFY', moving ? modify(row.mfinalfunc_modify) : null],
    ['MINITCOND', text(row.minitcond)],
    ['SORTOP', row.sortop === null ? null : operatorValue(row.sortop as string)],
    ['PARALLEL', PARALLEL[row.parallel as string] ?? null],
  ];
  return Object.fromEntries(
    options.flatMap(([name, value]): [string, string][] => (value === null ? [] : [[name, String(value)]])),
  );
}

function createSql(object: SchemaObject, verb: string): string {
  const { sort, arguments: args, options } = propsOf<AggregateProps>(object);
  return `${verb} AGGREGATE ${nameOf(object)}(${args}) ${optionList({
    ...options,
    HYPOTHETICAL: sort === 'hypothetical',
  })}`;
}

function reference(object: SchemaObject): string {
  return `AGGREGATE ${nameOf(object)}(${String(object.info.identity)})`;
}

function plainSignature(object: SchemaObject): string {
  return `${plainName(object.schema, object.name)}(${(object.info.types as readonly string[]).join(', ')})`;
}
