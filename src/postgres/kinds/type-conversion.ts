import { propsOf } from '../../schema/kind.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import type { ColumnProps } from './column-definition.js';

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
const NUMBER = /^(smallint|integer|bigint|numeric|real|double precision)$/;
/** An explicit cast leads from these to every type and back, by way of the text form. */
const STRING = /^(text|character varying|character|name|"char")$/;

/** A type as casts see it: a domain counts as what it is over. */
interface CastType {
  readonly name: string;
  /** Whether the user made it (an enum, a composite), an extension brought it, or the server has it. */
  readonly origin: 'built-in' | 'extension' | 'user';
}

/**
 * The expression that turns the values of a column into those of its new form, as `ALTER COLUMN … USING`
 * takes it: a cast where there is one, else by way of the text form. Extensions bring casts of their own, so
 * theirs are used. `value` is the column's quoted name.
 */
export function conversion(
  value: string,
  before: SchemaObject,
  after: SchemaObject,
  schemas: { readonly from: Schema; readonly to: Schema },
): string {
  const { type } = propsOf<ColumnProps>(after);
  const from = castType(before, schemas.from);
  const to = castType(after, schemas.to);
  if (hasCast(from, to)) return `${value}::${type}`;
  const suffix = to.name.endsWith('[]') ? '[]' : '';
  const byInteger =
    (from.name === `boolean${suffix}` && NUMBER.test(element(to.name))) ||
    (to.name === `boolean${suffix}` && NUMBER.test(element(from.name)));
  return `${value}::${byInteger ? 'integer' : 'text'}${byInteger ? suffix : ''}::${type}`;
}

function hasCast(from: CastType, to: CastType): boolean {
  if (from.name === to.name || from.origin === 'extension' || to.origin === 'extension') return true;
  if (STRING.test(from.name) || STRING.test(to.name)) return true;
  if (from.name.endsWith('[]') !== to.name.endsWith('[]')) return false;
  const [old, wanted] = [element(from.name), element(to.name)];
  if (old === wanted || STRING.test(old) || STRING.test(wanted)) return true;
  if (from.origin === 'user' || to.origin === 'user') return false;
  if (old === 'jsonb' && (NUMBER.test(wanted) || wanted === 'boolean')) return true;
  return FAMILIES.some((family) => family.test(old) && family.test(wanted));
}

/** Arrays cast as their elements do. */
function element(name: string): string {
  return name.replace(/\[\]$/, '');
}

/** The type of a column, or of what its domain is over. */
function castType(column: SchemaObject, schema: Schema): CastType {
  let object = column;
  for (;;) {
    const type = String(object.props.type);
    const needs = object.dependsOn.filter((id) => id !== object.parent);
    const domain = needs.map((id) => schema.objects.get(id)).find((needed) => needed?.kind === 'domain');
    if (domain === undefined || type.endsWith('[]'))
      return { name: withoutModifiers(type), origin: originOf(needs) };
    object = domain;
  }
}

function originOf(needs: readonly string[]): CastType['origin'] {
  if (needs.some((id) => /^(enum|domain|composite-type|range-type|table|view|materialized-view):/.test(id)))
    return 'user';
  return needs.some((id) => id.startsWith('extension:')) ? 'extension' : 'built-in';
}

function withoutModifiers(type: string): string {
  return type.replace(/\([\d, -]+\)/, '');
}
