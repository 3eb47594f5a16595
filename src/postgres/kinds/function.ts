import type { Hazard, RenderContext } from '../../schema/kind.js';
import { propsOf } from '../../schema/kind.js';
import { dependentsOf } from '../../schema/lookup.js';
import type { SchemaObject, Value } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { createFunctionSql, type FunctionProps } from '../function-sql.js';
import { nameOf, plainName, quoteIdent, shadowing } from '../identifiers.js';
import type { CatalogRow, ObjectDraft, PostgresKind } from '../postgres-kind.js';
import { definitionId } from './base-type-definition.js';

interface FunctionInfo {
  /** Types of the input arguments, which with the name are a function's identity. */
  readonly types: readonly string[];
  /** Of all arguments: name, mode and type; what CREATE OR REPLACE does not let change. */
  readonly signature: readonly Value[];
  /** How many of the last input arguments have a default. */
  readonly defaults: number;
}

/** Functions, procedures and window functions. Aggregates are not managed yet. */
export const functionKind: PostgresKind = {
  name: 'function',
  rank: 60,
  label: (object) =>
    `${String(object.props.routine).replace('window', 'window function')} ${plainSignature(object)}`,
  reference,
  slots: (object) => [`routine ${plainSignature(object)}`],
  crowds: (object) => [`routine ${plainName(object.schema, object.name)}`],
  // A base type and its functions need each other: these need its name alone, and go with it.
  vanishesWith: ({ dependsOn }) =>
    dependsOn.find((id) => isBaseType(id) && !dependsOn.includes(definitionId(id))),
  // Only a body in standard SQL depends on columns; what is in a string is not looked at before it runs.
  blocksColumnTypeChange: true,

  query: (version) => `
    SELECT ${CATALOG.pg_proc} AS classid, p.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, p.proname AS name, pg_function_is_visible(p.oid) AS visible, p.prokind AS kind, l.lanname AS language,
           ARRAY(SELECT format_type(t.type, NULL)
                   FROM unnest(p.proargtypes) WITH ORDINALITY t(type, place) ORDER BY t.place) AS types,
           (SELECT coalesce(json_agg(json_build_array(coalesce(p.proargnames[t.place], ''),
                     coalesce(p.proargmodes[t.place], 'i'), format_type(t.type, NULL)) ORDER BY t.place), '[]')
              FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY t(type, place)
           ) AS signature,
           p.pronargdefaults AS defaults,
           pg_get_function_arguments(p.oid) AS definition, pg_get_function_result(p.oid) AS returns,
           p.prosrc AS body, p.probin AS library,
           ${version >= 140000 ? 'pg_get_function_sqlbody(p.oid)' : 'NULL'} AS sql_body,
           p.provolatile AS volatility, p.proparallel AS parallel, p.proisstrict AS strict,
           p.prosecdef AS security_definer, p.proleakproof AS leakproof,
           CASE WHEN p.procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END
                THEN p.procost END AS cost,
           CASE WHEN p.proretset AND p.prorows <> 1000 THEN p.prorows END AS rows,
           ${routineName('p.prosupport')} AS support,
           ARRAY(SELECT format_type(t.type, NULL) FROM unnest(p.protrftypes) t(type)) AS transforms,
           p.proconfig AS settings
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_language l ON l.oid = p.prolang
     WHERE p.prokind <> 'a' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_proc', 'p.oid')}
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = ${CATALOG.pg_proc} AND d.objid = p.oid AND d.deptype = 'i')`,

  read,

  create: (object) => ({ sql: [createFunctionSql(object, 'CREATE')] }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter(before, after, changed, context) {
    if (!isReplaceable(before, after, changed)) return 'replace';
    return {
      sql: [createFunctionSql(after, 'CREATE OR REPLACE')],
      hazards: staleResults(after, context),
    };
  },

  // A file checked out on Windows has the same function in it.
  sameProperty: (key, before, after) =>
    key === 'body' && withoutCarriageReturns(before) === withoutCarriageReturns(after),
};

const ROUTINES: Readonly<Record<string, FunctionProps['routine']>> = {
  f: 'function',
  p: 'procedure',
  w: 'window',
};
const VOLATILITIES: Readonly<Record<string, FunctionProps['volatility']>> = {
  v: 'volatile',
  s: 'stable',
  i: 'immutable',
};
const PARALLEL: Readonly<Record<string, FunctionProps['parallel']>> = {
  u: 'unsafe',
  r: 'restricted',
  s: 'safe',
};

function read(row: CatalogRow): ObjectDraft {
  const name = row.name as string;
  const types = row.types as string[];
  const sqlBody = row.sql_body as string | null;
  const props: FunctionProps = {
    routine: ROUTINES[row.kind as string]!,
    arguments: canonicalExpression(row.definition as string),
    returns: row.kind === 'p' ? null : (row.returns as string),
    language: row.language as string,
    body: sqlBody === null ? (row.body as string) : null,
    sqlBody: sqlBody === null ? null : canonicalExpression(sqlBody),
    library: row.library as string | null,
    volatility: VOLATILITIES[row.volatility as string]!,
    parallel: PARALLEL[row.parallel as string]!,
    strict: row.strict as boolean,
    securityDefiner: row.security_definer as boolean,
    leakproof: row.leakproof as boolean,
    cost: row.cost as number | null,
    rows: row.rows as number | null,
    support: row.support as string | null,
    transforms: row.transforms as string[],
    settings: ((row.settings ?? []) as string[]).toSorted(),
  };
  const info: FunctionInfo = {
    types,
    signature: row.signature as Value[],
    defaults: row.defaults as number,
  };
  return {
    kind: 'function',
    path: [row.schema as string, `${name}(${types.join(', ')})`],
    name,
    schema: row.schema as string,
    parent: null,
    props: { ...props },
    info: { ...info, ...shadowing(row.schema as string, row.visible) },
  };
}

function isBaseType(id: string): boolean {
  return id.startsWith('base-type:');
}

function infoOf(object: SchemaObject): FunctionInfo {
  return object.info as unknown as FunctionInfo;
}

function reference(object: SchemaObject): string {
  const word = object.props.routine === 'procedure' ? 'PROCEDURE' : 'FUNCTION';
  return `${word} ${nameOf(object)}(${infoOf(object).types.join(', ')})`;
}

function plainSignature(object: SchemaObject): string {
  return `${plainName(object.schema, object.name)}(${infoOf(object).types.join(', ')})`;
}

/**
 * CREATE OR REPLACE keeps what calls a function working, so it refuses another result, other names or modes of
 * arguments, and fewer defaults; an argument may only be given a name that had none.
 */
function isReplaceable(before: SchemaObject, after: SchemaObject, changed: readonly string[]): boolean {
  if (changed.includes('routine') || changed.includes('returns')) return false;
  const old = infoOf(before);
  const wanted = infoOf(after);
  if (wanted.defaults < old.defaults || wanted.signature.length !== old.signature.length) return false;
  return old.signature.every((argument, i) => {
    const [name, mode, type] = argument as string[];
    const [newName, newMode, newType] = wanted.signature[i] as string[];
    return mode === newMode && type === newType && (name === newName || (name === '' && mode === 'i'));
  });
}

/** Indexes, checks and generated columns keep what the old body computed. */
function staleResults(after: SchemaObject, { from, to }: RenderContext): Hazard[] {
  return dependentsOf(from, after.id)
    .filter(
      (object) =>
        ['index', 'constraint', 'domain-constraint', 'column'].includes(object.kind) &&
        to.objects.has(object.id),
    )
    .map((object) => ({
      code: 'stale-results',
      level: 'note',
      subject: plainSignature(after),
      message: `${object.kind} ${object.name} keeps what the old body computed until it is rebuilt or checked again`,
    }));
}

function withoutCarriageReturns(object: SchemaObject): string {
  return String(propsOf<FunctionProps>(object).body).replaceAll('\r\n', '\n');
}
