import { propsOf, type Rendered } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';
import { nameOf, plainName, qualified, quoteIdent, quoteLiteral } from './identifiers.js';

export interface EnumProps {
  readonly values: readonly string[];
}

export interface DomainProps {
  readonly type: string;
  readonly collation: string | null;
  readonly default: string | null;
  readonly notNull: boolean;
}

export interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly collation: string | null;
}

export interface CompositeProps {
  readonly attributes: readonly Attribute[];
}

export interface RangeProps {
  readonly subtype: string;
  /** Only where it is not the subtype's default. */
  readonly opclass: string | null;
  readonly collation: string | null;
  readonly subtypeDiff: string | null;
  /** Null where it is the name PostgreSQL would choose, and before version 14. */
  readonly multirange: string | null;
}

/** The kinds of types that can be columns' types and that users make. */
export const TYPE_KINDS: ReadonlySet<string> = new Set(['enum', 'domain', 'composite-type', 'range-type']);

/**
 * The statement that creates a type of any of these kinds; for a domain with `parts` (its constraints, written
 * as SQL) in it.
 */
export function createTypeSql(object: SchemaObject, parts: readonly string[] = []): string {
  const name = nameOf(object);
  switch (object.kind) {
    case 'enum': {
      const values = propsOf<EnumProps>(object).values.map(quoteLiteral);
      return `CREATE TYPE ${name} AS ENUM (${list(values)})`;
    }
    case 'domain': {
      const { type, collation, default: fallback, notNull } = propsOf<DomainProps>(object);
      const clauses = [
        ...(collation === null ? [] : [`COLLATE ${collation}`]),
        ...(fallback === null ? [] : [`DEFAULT ${fallback}`]),
        ...(notNull ? ['NOT NULL'] : []),
      ];
      return [[`CREATE DOMAIN ${name} AS ${type}`, ...clauses].join(' '), ...parts].join('\n  ');
    }
    case 'composite-type':
      return `CREATE TYPE ${name} AS (${list(propsOf<CompositeProps>(object).attributes.map(attributeSql))})`;
    case 'range-type': {
      const { subtype, opclass, collation, subtypeDiff, multirange } = propsOf<RangeProps>(object);
      const options = [
        `SUBTYPE = ${subtype}`,
        ...(opclass === null ? [] : [`SUBTYPE_OPCLASS = ${opclass}`]),
        ...(collation === null ? [] : [`COLLATION = ${collation}`]),
        ...(subtypeDiff === null ? [] : [`SUBTYPE_DIFF = ${subtypeDiff}`]),
        ...(multirange === null ? [] : [`MULTIRANGE_TYPE_NAME = ${qualified(object.schema, multirange)}`]),
      ];
      return `CREATE TYPE ${name} AS RANGE (${list(options)})`;
    }
    default:
      throw new Error(`${object.kind} is not a kind of type`);
  }
}

/** An attribute as CREATE TYPE and ADD ATTRIBUTE write it. */
export function attributeSql({ name, type, collation }: Attribute): string {
  return `${quoteIdent(name)} ${type}${collation === null ? '' : ` COLLATE ${collation}`}`;
}

/** The name a type occupies among types and, since a table is a type too, among tables. */
export function typeSlots(object: SchemaObject): string[] {
  return [`type ${plainName(object.schema, object.name)}`];
}

export function renameType(object: SchemaObject, newName: string): Rendered {
  return { sql: [`ALTER TYPE ${nameOf(object)} RENAME TO ${quoteIdent(newName)}`] };
}

export function dropType(object: SchemaObject): Rendered {
  return { sql: [`DROP TYPE ${nameOf(object)}`] };
}

/** One line while it is short, else one item a line. */
export function list(items: readonly string[]): string {
  const line = items.join(', ');
  return line.length <= 60 ? line : `\n  ${items.join(',\n  ')}\n`;
}
