import { propsOf, type RenderContext } from '../schema/kind.js';
import { objectPath, type SchemaObject } from '../schema/object.js';
import { inParentheses } from './canonical-expression.js';
import { qualified, quoteIdent } from './identifiers.js';

export interface PublishedTableProps {
  /** Sorted by name; null for all. */
  readonly columns: readonly string[] | null;
  /** The row filter. */
  readonly filter: string | null;
}

/** `TABLE users, ONLY posts (id, body) WHERE (id > 0), TABLES IN SCHEMA app`, or nothing. */
export function memberClauses(members: readonly SchemaObject[], context: RenderContext): string {
  const tables = members.filter(({ kind }) => kind === 'publication-table');
  const schemas = members.filter(({ kind }) => kind === 'publication-schema');
  return [
    ...(tables.length === 0
      ? []
      : [`TABLE ${tables.map((table) => publishedTable(table, context)).join(', ')}`]),
    ...(schemas.length === 0 ? [] : [`TABLES IN SCHEMA ${schemas.map(publishedSchema).join(', ')}`]),
  ].join(', ');
}

/** `posts (id, body) WHERE (id > 0)`. */
export function publishedTable(member: SchemaObject, context: RenderContext): string {
  const { columns, filter } = propsOf<PublishedTableProps>(member);
  const list = columns === null ? '' : ` (${columns.map(quoteIdent).join(', ')})`;
  const where = filter === null ? '' : ` WHERE ${inParentheses(filter)}`;
  return `${publishedName(member, context)}${list}${where}`;
}

/** A table's name brings what inherits from it along, unless it stands after ONLY. */
export function publishedName(member: SchemaObject, { from, to }: RenderContext): string {
  const [, schema, table] = objectPath(member.id);
  const inherited = [from, to].some((side) => side.objects.get(member.id)?.info.inherited === true);
  return `${inherited ? 'ONLY ' : ''}${qualified(schema!, table!)}`;
}

export function publishedSchema(member: SchemaObject): string {
  return quoteIdent(objectPath(member.id)[1]!);
}
