import { propsOf } from '../../schema/kind.js';
import { objectsOfKind } from '../../schema/lookup.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import { routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, plainName, quoteIdent, quoteLiteral, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { optionList } from './named-object.js';

/** What ALTER TYPE cannot change of a base type. */
export type TypeShape = {
  readonly input: string;
  readonly output: string;
  /** -1 for variable length. */
  readonly length: number;
  /** For eight bytes: as a bigint is, which depends on the machine; the embedded engine has four to pass. */
  readonly byValue: boolean;
  readonly alignment: 'c' | 's' | 'i' | 'd';
  /** True for storage PLAIN, which no other becomes, and which becomes no other. */
  readonly plain: boolean;
  readonly category: string;
  readonly preferred: boolean;
  readonly default: string | null;
  readonly element: string | null;
  readonly delimiter: string;
  readonly collatable: boolean;
};

export const SHAPE = `json_build_object(
  'input', ${routineName('t.typinput')}, 'output', ${routineName('t.typoutput')},
  'length', t.typlen, 'byValue', t.typbyval OR t.typlen = 8 AND t.typalign = 'd'
    AND NOT (SELECT i.typbyval FROM pg_type i WHERE i.oid = 20), 'alignment', t.typalign, 'plain', t.typstorage = 'p',
  'category', t.typcategory, 'preferred', t.typispreferred, 'default', t.typdefault,
  'element', CASE WHEN t.typelem <> 0 THEN format_type(t.typelem, NULL) END,
  'delimiter', t.typdelim, 'collatable', t.typcollation <> 0)`;

interface DefinitionProps {
  readonly receive: string | null;
  readonly send: string | null;
  readonly typmodIn: string | null;
  readonly typmodOut: string | null;
  readonly analyze: string | null;
  readonly subscript: string | null;
  readonly storage: string;
}

const OPTIONS: Readonly<Record<keyof DefinitionProps, string>> = {
  receive: 'RECEIVE',
  send: 'SEND',
  typmodIn: 'TYPMOD_IN',
  typmodOut: 'TYPMOD_OUT',
  analyze: 'ANALYZE',
  subscript: 'SUBSCRIPT',
  storage: 'STORAGE',
};

const STORAGE: Readonly<Record<string, string>> = { p: 'plain', e: 'external', x: 'extended', m: 'main' };
const ALIGNMENT = { c: 'char', s: 'int2', i: 'int4', d: 'double' } as const;

/** What makes a base type of a shell: its functions. Who uses the type needs this; who makes it only the shell. */
export const baseTypeDefinitionKind: PostgresKind = {
  name: 'base-type-definition',
  rank: 9,
  label: (object) => `definition of base type ${plainName(object.schema, object.name)}`,
  reference: (object) => `TYPE ${nameOf(object)}`,
  droppedWithParent: () => true,

  query: (version) => `
    SELECT ${CATALOG.pg_type} AS classid, t.oid::int8 AS objid, -1 AS objsubid,
           ${routineName('t.typreceive')} AS receive, ${routineName('t.typsend')} AS send,
           ${routineName('t.typmodin')} AS typmod_in, ${routineName('t.typmodout')} AS typmod_out,
           ${routineName('t.typanalyze')} AS analyze,
           ${version >= 140000 ? routineName('t.typsubscript') : 'NULL'} AS subscript, t.typstorage AS storage,
           n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible
      FROM pg_type t
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype = 'b' AND t.typisdefined AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
       AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_type, row.objid, 0);
    if (parent === undefined) return undefined;
    return {
      kind: 'base-type-definition',
      id: definitionId(parent),
      path: [],
      name: row.name as string,
      schema: row.schema as string,
      parent,
      props: {
        receive: row.receive as string | null,
        send: row.send as string | null,
        typmodIn: row.typmod_in as string | null,
        typmodOut: row.typmod_out as string | null,
        analyze: row.analyze as string | null,
        subscript: row.subscript as string | null,
        storage: STORAGE[row.storage as string]!,
      },
    };
  },

  // pg_depend knows one type: what it needs, the definition needs, and so does all that uses it but its functions.
  correctDependencies({ id, parent }, dependencies) {
    const needed = dependencies.needs(parent!).filter((need) => !need.startsWith('schema:'));
    for (const need of needed) {
      dependencies.remove(parent!, need);
      dependencies.add(id, need);
    }
    for (const dependent of dependencies.dependents(parent!)) {
      if (dependent.parent !== parent && !needed.includes(dependent.id)) dependencies.add(dependent.id, id);
    }
  },

  create: (object, { to }) => ({ sql: [definitionSql(object, to.objects.get(object.parent!)!)] }),
  drop: () => ({ sql: [] }),

  alter(before, after, changed, { from, to }) {
    const next = propsOf<DefinitionProps>(after);
    const restored = changed.includes('storage');
    // To PLAIN or from it there is no way: then the type itself changes, and this with it.
    if (restored && [before.props.storage, next.storage].includes('plain')) return { sql: [] };
    const set = (changed as (keyof DefinitionProps)[]).map(
      (name) => `${OPTIONS[name]} = ${next[name] ?? 'NONE'}`,
    );
    const type = to.objects.get(after.parent!)!;
    const columns = restored ? columnsWithStorageOf(type, from, to) : [];
    return {
      sql: [
        `ALTER TYPE ${nameOf(type)} SET (${set.join(', ')})`,
        ...columns.map(
          (column) =>
            `ALTER TABLE ${relationOf(column)} ALTER COLUMN ${quoteIdent(column.name)} SET STORAGE ${next.storage.toUpperCase()}`,
        ),
      ],
      touches: columns.map(({ id }) => id),
    };
  },

  // A type cannot be without its functions, and nothing that holds values may go with one of them.
  toleratesReplacing: (_definition, needed) => needed.kind === 'function',
};

/** Columns keep the storage that their type had when they were made; these are to have what it has. */
function columnsWithStorageOf(type: SchemaObject, from: Schema, to: Schema): SchemaObject[] {
  const names = new Set([nameOf(type)]);
  for (const domain of objectsOfKind(to, 'domain')) {
    if (names.has(String(domain.props.type))) names.add(nameOf(domain));
  }
  return objectsOfKind(to, 'column').filter(
    ({ id, props }) =>
      names.has(String(props.type)) && props.storage === null && from.objects.get(id)?.props.storage === null,
  );
}

/** The id of a base type's definition. */
export function definitionId(baseType: string): string {
  return baseType.replace('base-type:', 'base-type-definition:');
}

/** The full CREATE TYPE, which fills the shell. */
export function definitionSql(object: SchemaObject, type: SchemaObject): string {
  const shape = type.props.shape as unknown as TypeShape;
  const props = propsOf<DefinitionProps>(object);
  return `CREATE TYPE ${nameOf(type)} ${optionList({
    INPUT: shape.input,
    OUTPUT: shape.output,
    RECEIVE: props.receive,
    SEND: props.send,
    TYPMOD_IN: props.typmodIn,
    TYPMOD_OUT: props.typmodOut,
    ANALYZE: props.analyze,
    SUBSCRIPT: props.subscript,
    ...layout(shape),
    STORAGE: props.storage === 'plain' ? null : props.storage,
    CATEGORY: shape.category === 'U' ? null : quoteLiteral(shape.category),
    PREFERRED: shape.preferred ? 'true' : null,
    DEFAULT: shape.default === null ? null : quoteLiteral(shape.default),
    ELEMENT: shape.element,
    DELIMITER: shape.delimiter === ',' ? null : quoteLiteral(shape.delimiter),
    COLLATABLE: shape.collatable ? 'true' : null,
  })}`;
}

function layout({ length, byValue, alignment }: TypeShape): Record<string, string | boolean> {
  if (length === 8 && byValue) return { LIKE: 'pg_catalog.int8' };
  return {
    INTERNALLENGTH: length === -1 ? 'VARIABLE' : String(length),
    PASSEDBYVALUE: byValue,
    ALIGNMENT: ALIGNMENT[alignment],
  };
}
