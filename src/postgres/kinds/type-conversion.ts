import { propsOf } from '../../schema/kind.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import type { ColumnProps } from './column-definition.js';
import { isCut } from './lost-values.js';

/**
 * PostgreSQL's own types in families whose members an explicit cast leads from and to (`pg_cast` of
 * versions 13 to 18).
 */
const FAMILIES: readonly RegExp[] = [
  /^(smallint|integer|bigint|numeric|real|double precision)$/,
  /^(integer|bigint|numeric|money)$/,
  /^(date|timestamp without time zone|timestamp with time zone)$/,
  /^(time without time zone|time with time zone)$/,
  /^(time without time zone|interval)$/,
  /^(bit|bit varying)$/,
  /^(bit|integer|bigint)$/,
  /^(json|jsonb)$/,
  /^(boolean|integer)$/,
  /^(inet|cidr)$/,
  /^(macaddr|macaddr8)$/,
  /^(oid|integer|bigint|reg[a-z]+)$/,
];
export const NUMBER = /^(smallint|integer|bigint|numeric|real|double precision)$/;
/** An explicit cast leads from these to every type and back, by way of the text form. */
export const STRING = /^(text|character varying|character|name|"char")$/;

/** A type as casts see it: a domain counts as what it is over. */
interface CastType {
  readonly name: string;
  /** Whether the user made it (an enum, a composite), an extension brought it, or the server has it. */
  readonly origin: 'built-in' | 'extension' | 'user';
}

/** Types that are assigned to each other without a cast being written. */
const ASSIGNABLE: readonly RegExp[] = [
  /^(smallint|integer|bigint|numeric|real|double precision)$/,
  /^(date|timestamp without time zone|timestamp with time zone)$/,
  /^(time without time zone|time with time zone)$/,
  /^(text|character varying|character)$/,
  /^(bit|bit varying)$/,
  /^(json|jsonb)$/,
];

/**
 * The expression that turns the values of a column into those of its new form, as `ALTER COLUMN … USING`
 * takes it: a cast where there is one, else by way of the text form. Extensions bring casts of their own, so
 * theirs are used. `value` is the column's quoted name. Undefined where values are assigned as they are: then the
 * server stops at a text that is too long, which an explicit cast would cut without a word.
 */
export function conversion(
  value: string,
  before: SchemaObject,
  after: SchemaObject,
  schemas: BothSchemas,
): string | undefined {
  const { type } = propsOf<ColumnProps>(after);
  const from = castType(before, schemas.from);
  const to = castType(after, schemas.to);
  if (isAssignable(from, to)) return undefined;
  const suffix = to.name.endsWith('[]') ? '[]' : '';
  // As text it is assigned, and the server stops at what is too long.
  if (isCut(type) && !STRING.test(element(from.name)) && from.name.endsWith('[]') === (suffix !== ''))
    return `${value}::text${suffix}`;
  if (hasCast(from, to)) return `${value}::${type}`;
  const byInteger = isByInteger(from, to);
  return `${value}::${byInteger ? 'integer' : 'text'}${byInteger ? suffix : ''}::${type}`;
}

/**
 * True when `conversion` is known to suit the values: there is a cast, or the texts of the one type are those of the
 * other. Otherwise it is a guess.
 */
export function isKnownConversion(before: SchemaObject, after: SchemaObject, schemas: BothSchemas): boolean {
  const from = castType(before, schemas.from);
  const to = castType(after, schemas.to);
  if (isAssignable(from, to)) return true;
  // A text is rarely written as an array is.
  if (STRING.test(from.name) && to.name.endsWith('[]')) return false;
  if (hasCast(from, to) || isByInteger(from, to)) return true;
  if (from.name.endsWith('[]') !== to.name.endsWith('[]')) return false;
  if (from.origin === 'user' && to.origin === 'user') return true;
  return RANGE.test(element(from.name)) && RANGE.test(element(to.name));
}

interface BothSchemas {
  readonly from: Schema;
  readonly to: Schema;
}

/** The server's own range types, whose texts are alike. */
const RANGE = /^(int4|int8|num|ts|tstz|date)range$/;

/** Numbers and booleans meet at integer. */
function isByInteger(from: CastType, to: CastType): boolean {
  const suffix = to.name.endsWith('[]') ? '[]' : '';
  return (
    (from.name === `boolean${suffix}` && NUMBER.test(element(to.name))) ||
    (to.name === `boolean${suffix}` && NUMBER.test(element(from.name)))
  );
}

function isAssignable(from: CastType, to: CastType): boolean {
  if (from.name === to.name) return true;
  if (from.name.endsWith('[]') !== to.name.endsWith('[]')) return false;
  const [old, wanted] = [element(from.name), element(to.name)];
  return ASSIGNABLE.some((family) => family.test(old) && family.test(wanted));
}

function hasCast(from: CastType, to: CastType): boolean {
  if (from.name === to.name || from.origin === 'extension' || to.origin === 'extension') return true;
  if (STRING.test(from.name) || STRING.test(to.name)) return true;
  if (from.name.endsWith('[]') !== to.name.endsWith('[]')) return false;
  const [old, wanted] = [element(from.name), element(to.name)];
  if (old === wanted || STRING.test(old) || STRING.test(wanted)) return true;
  if (from.origin === 'user' || to.origin === 'user') return false;
  if (old === 'jsonb' && (NUMBER.test(wanted) || wanted === 'boolean')) return true;
  if (old.startsWith('timestamp') && wanted === 'time without time zone') return true;
  if (old === 'timestamp with time zone' && wanted === 'time with time zone') return true;
  // From PostgreSQL 14, a range is a multirange of one.
  if (RANGE.test(old) && wanted === old.replace('range', 'multirange')) return true;
  return FAMILIES.some((family) => family.test(old) && family.test(wanted));
}

/** Arrays cast as their elements do. */
export function element(name: string): string {
  return name.replace(/\[\]$/, '');
}

function castType(column: SchemaObject, schema: Schema): CastType {
  const { type, needs } = baseType(column, schema);
  return { name: withoutModifiers(type), origin: originOf(needs) };
}

/** The type of a column, or of what its domain is over, and what that needs. */
export function baseType(
  column: SchemaObject,
  schema: Schema,
): { readonly type: string; readonly needs: readonly string[] } {
  let object = column;
  for (;;) {
    const type = String(object.props.type);
    const needs = object.dependsOn.filter((id) => id !== object.parent);
    const domain = needs.map((id) => schema.objects.get(id)).find((needed) => needed?.kind === 'domain');
    if (domain === undefined || type.endsWith('[]')) return { type, needs };
    object = domain;
  }
}

function originOf(needs: readonly string[]): CastType['origin'] {
  if (needs.some((id) => /^(enum|domain|composite-type|range-type|table|view|materialized-view):/.test(id)))
    return 'user';
  return needs.some((id) => id.startsWith('extension:')) ? 'extension' : 'built-in';
}

/** Without sizes, and the fields of an interval. */
export function withoutModifiers(type: string): string {
  return type.replace(/\([\d, -]+\)/, '').replace(/^interval [a-z ]+/, 'interval');
}
