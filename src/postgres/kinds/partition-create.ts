import { sameValue } from '../../schema/equal.js';
import { propsOf, type RenderContext, type Rendered } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import type { PartitionProps } from '../attachments.js';
import { qualified, quoteIdent } from '../identifiers.js';
import { inheritedFrom, isForeign } from '../table-parts.js';
import { isAdopted } from './adopted-foreign-key.js';
import { type ColumnProps, columnSettings, defaultText } from './column-definition.js';
import { constraintDefinition, repeated, withoutRepeated } from './constraint-definition.js';
import { clonedTriggerStates, isMadeByAttaching } from './partition-attach.js';

/**
 * True when CREATE TABLE … PARTITION OF makes the table as it is to be: its columns and keys are those of the parent,
 * and all it has besides can be said there.
 */
export function isPlainPartition(table: SchemaObject, { folded, to }: RenderContext): boolean {
  return folded.every((part) => {
    if (part.kind === 'sequence') return false;
    if (part.parent !== table.id) return true;
    if (part.kind === 'constraint')
      return (part.props.attachedTo === null && !isAdopted(part)) || isMadeByAttaching(part);
    return part.kind !== 'column' || isPlainColumn(part, to);
  });
}

function isPlainColumn(column: SchemaObject, to: RenderContext['to']): boolean {
  const [id] = inheritedFrom(column);
  const above = id === undefined ? undefined : to.objects.get(id);
  if (id === undefined || above === undefined) return false;
  const own = propsOf<ColumnProps>(column);
  const theirs = propsOf<ColumnProps>(above);
  const hasDefault = (of: string) => to.objects.has(defaultId(of));
  return (
    sameValue(own.generated, theirs.generated) &&
    own.identity === null &&
    (own.storage !== null || theirs.storage === null) &&
    (own.compression !== null || theirs.compression === null) &&
    (hasDefault(column.id) || !hasDefault(id))
  );
}

function defaultId(column: string): string {
  return `default${column.slice(column.indexOf(':'))}`;
}

/** CREATE TABLE … PARTITION OF, with what the partition has besides. */
export function createPartition(
  table: SchemaObject,
  attachment: SchemaObject,
  tail: string,
  context: RenderContext,
): Rendered {
  const { folded, to } = context;
  const { of, bound } = propsOf<PartitionProps>(attachment);
  const [schema, name] = objectPath(of);
  const own = folded.filter((part) => part.parent === table.id);
  const columns = own.filter((part) => part.kind === 'column');
  const constraints = own.filter(
    (part) => part.kind === 'constraint' && inheritedFrom(part).length === 0 && !isMadeByAttaching(part),
  );
  const written = withoutRepeated(constraints);
  const lines = [
    ...columns.flatMap((column) => columnLine(column, context)),
    ...written.map(constraintDefinition),
  ];
  const body = lines.length === 0 ? '' : ` (\n${lines.map((line) => `  ${line}`).join(',\n')}\n)`;
  const sort = table.props.unlogged === true ? 'UNLOGGED ' : isForeign(table) ? 'FOREIGN ' : '';
  return {
    sql: [
      `CREATE ${sort}TABLE ${qualified(table.schema, table.name)} PARTITION OF ${qualified(schema!, name!)}${body} ${bound}${tail}`,
      ...columns.flatMap((column) =>
        ownSettings(column, to.objects.get(inheritedFrom(column)[0]!)!, context),
      ),
      ...repeated(constraints, written),
      ...clonedTriggerStates(attachment, context),
    ],
  };
}

/** What a column says that the one above does not. */
function columnLine(column: SchemaObject, { folded, to }: RenderContext): string[] {
  const above = to.objects.get(inheritedFrom(column)[0]!)!;
  const value = folded.find((part) => part.kind === 'default' && part.parent === column.id);
  const theirs = to.objects.get(defaultId(above.id));
  const words = [
    ...(column.props.notNull === true && above.props.notNull !== true ? ['NOT NULL'] : []),
    ...(value !== undefined && value.props.expression !== theirs?.props.expression
      ? [`DEFAULT ${defaultText(value, String(column.props.type))}`]
      : []),
  ];
  return words.length === 0 ? [] : [`${quoteIdent(column.name)} ${words.join(' ')}`];
}

/** How a column is stored comes from the one above. */
function ownSettings(column: SchemaObject, above: SchemaObject, context: RenderContext): string[] {
  const own = propsOf<ColumnProps>(column);
  const theirs = propsOf<ColumnProps>(above);
  const props: ColumnProps = {
    ...own,
    storage: own.storage === theirs.storage ? null : own.storage,
    compression: own.compression === theirs.compression ? null : own.compression,
  };
  return columnSettings({ ...column, props }, context);
}
