import { objectPath, type SchemaObject } from '../schema/object.js';

/**
 * The words that PostgreSQL's quote_ident puts in quotes: every keyword that is not unreserved, from
 * `pg_get_keywords()` of PostgreSQL 18. Each older version's list is a part of this one.
 */
const KEYWORDS = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
  case cast char character check coalesce collate collation column concurrently constraint create cross
  current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
  decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
  freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
  interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg
  json_query json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
  localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on
  only or order out outer overlaps overlay placing position precision primary real references returning right
  row select session_user setof similar smallint some substring symmetric system_user table tablesample then
  time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when
  where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
  xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** The schema whose names are written without it: the catalog is read, and migrations run, with it as search_path. */
export const DEFAULT_SCHEMA = 'public';

/** Writes a name as an identifier, in double quotes only where PostgreSQL's own quote_ident would. */
export function quoteIdent(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !KEYWORDS.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Writes a text as a string literal that means the same whatever standard_conforming_strings says. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/**
 * The name as SQL writes it: names in `public` stand alone, all others carry their schema. That is also
 * how the server deparses them under `search_path = public`, so both kinds of text look alike.
 */
export function qualified(schema: string | null, name: string): string {
  // The server finds its own pg_class first, so one in `public` is named with its schema.
  return schema === null || (schema === DEFAULT_SCHEMA && !name.startsWith('pg_'))
    ? quoteIdent(name)
    : `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/**
 * The name of a type or routine as a statement about it has to write it. Where the server has one of that
 * name itself (`info.shadowed`), the bare name would mean the server's.
 */
export function nameOf(object: SchemaObject): string {
  return object.info.shadowed === true
    ? `${DEFAULT_SCHEMA}.${quoteIdent(object.name)}`
    : qualified(object.schema, object.name);
}

/** The `info` of a type or routine that the server finds (`visible`) by its bare name, or not. */
export function shadowing(schema: string, visible: unknown): { readonly shadowed?: true } {
  return schema === DEFAULT_SCHEMA && visible === false ? { shadowed: true } : {};
}

/** The name as a person writes it in a sentence or after `--allow`: as `qualified`, but never in quotes. */
export function plainName(schema: string | null, ...parts: readonly string[]): string {
  return (schema === null || schema === DEFAULT_SCHEMA ? parts : [schema, ...parts]).join('.');
}

/** The relation that a part (column, default, constraint) belongs to, as SQL writes it. */
export function relationOf(part: SchemaObject): string {
  const [schema, relation] = objectPath(part.id);
  return qualified(schema!, relation!);
}

/** The relation that a part belongs to, as a person writes it. */
export function plainRelationOf(part: SchemaObject): string {
  const [schema, relation] = objectPath(part.id);
  return plainName(schema!, relation!);
}
