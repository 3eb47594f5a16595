import { propsOf, type RenderContext } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { quoteIdent } from '../identifiers.js';
import { type ColumnProps, columnDefinition } from './column-definition.js';
import { foldsToSerial } from './sequence-definition.js';
import { typeOf } from './typed-table.js';

/** The type of a new table, as SQL writes it, where its CREATE can say it: a serial column needs its type there. */
export function typedAtOnce(
  table: SchemaObject,
  columns: readonly SchemaObject[],
  context: RenderContext,
): string | undefined {
  const { folded } = context;
  const fact = folded.find((part) => part.kind === 'typed-table' && part.parent === table.id);
  if (fact === undefined || columns.some(({ id }) => foldsToSerial(id, folded))) return undefined;
  return typeOf(fact, context);
}

/** `name WITH OPTIONS NOT NULL`, where a column says more than its type does. */
export function typedColumn(column: SchemaObject, folded: readonly SchemaObject[]): string[] {
  const { type, collation } = propsOf<ColumnProps>(column);
  const bare = `${quoteIdent(column.name)} ${type}${collation === null ? '' : ` COLLATE ${collation}`}`;
  const options = columnDefinition(column, folded).slice(bare.length);
  return options === '' ? [] : [`${quoteIdent(column.name)} WITH OPTIONS${options}`];
}
