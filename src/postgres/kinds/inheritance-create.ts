import { sameValue } from '../../schema/equal.js';
import { propsOf, type RenderContext } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { qualified } from '../identifiers.js';
import { type InheritanceProps, inheritedFrom, partsOf } from '../table-parts.js';
import { alterColumn, type ColumnProps, columnSettings, defaultText } from './column-definition.js';

/** The facts of a new table's inheritance, in order, where all of them can be said in its CREATE. */
export function inheritedAtOnce(table: SchemaObject, { folded, to }: RenderContext): SchemaObject[] {
  const facts = partsOf(to, table.id, 'inheritance');
  if (!facts.every((fact) => folded.includes(fact))) return [];
  const place = (fact: SchemaObject): number => {
    const { of, parents } = propsOf<InheritanceProps>(fact);
    return parents.indexOf(of);
  };
  return [...facts].sort((a, b) => place(a) - place(b));
}

/** ` INHERITS (a, b)`. */
export function inheritsClause(facts: readonly SchemaObject[]): string {
  const names = facts.map((fact) => {
    const [schema, name] = objectPath(propsOf<InheritanceProps>(fact).of);
    return qualified(schema!, name!);
  });
  return ` INHERITS (${names.join(', ')})`;
}

/** True when a column or check is written in the CREATE of a table that inherits: it is its own, too. */
export function isOwnPart(part: SchemaObject, context: RenderContext): boolean {
  if (inheritedFrom(part).length === 0 || part.info.local === true) return true;
  if (part.kind !== 'column') return false;
  const { identity, generated } = propsOf<ColumnProps>(part);
  const above = inheritedFrom(part).map((id) => context.to.objects.get(id)!);
  return (
    identity !== null ||
    above.some((column) => !sameValue(propsOf<ColumnProps>(column).generated, generated)) ||
    new Set(above.map((column) => defaultOf(column.id, context))).size > 1
  );
}

/** Before PostgreSQL 16 a column that is generated above must not say so again; it is all the same. */
export function asInherited(column: SchemaObject, { to }: RenderContext): SchemaObject {
  const props = propsOf<ColumnProps>(column);
  const above = inheritedFrom(column).map((id) => to.objects.get(id));
  const same = above.every(
    (one) => one !== undefined && sameValue(one.props.generated ?? null, props.generated),
  );
  return props.generated === null || above.length === 0 || !same
    ? column
    : { ...column, props: { ...props, generated: null } };
}

/** What the columns of a new table need besides: what they got from above and are to have otherwise. */
export function inheritedSettings(columns: readonly SchemaObject[], context: RenderContext): string[] {
  return columns.flatMap((column) => {
    const [first] = inheritedFrom(column);
    if (first === undefined) return columnSettings(column, context);
    const above = propsOf<ColumnProps>(context.to.objects.get(first)!);
    const own = propsOf<ColumnProps>(column);
    const written = isOwnPart(column, context);
    const value = defaultOf(column.id, context);
    const given = defaultOf(first, context);
    const changes = [
      ...(own.notNull && !written && !isNotNullAbove(column, context) ? ['SET NOT NULL'] : []),
      ...(value === given || (written && value !== undefined)
        ? []
        : [value === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${value}`]),
    ].map((change) => `${alterColumn(column)} ${change}`);
    const props: ColumnProps = {
      ...own,
      storage: own.storage === above.storage ? null : own.storage,
      compression: own.compression === above.compression ? null : own.compression,
    };
    return [...changes, ...columnSettings({ ...column, props }, context)];
  });
}

function isNotNullAbove(column: SchemaObject, { to }: RenderContext): boolean {
  return inheritedFrom(column).some((id) => to.objects.get(id)?.props.notNull === true);
}

function defaultOf(column: string, { to }: RenderContext): string | undefined {
  const value = to.objects.get(`default${column.slice(column.indexOf(':'))}`);
  const type = to.objects.get(column)?.props.type;
  return value === undefined ? undefined : defaultText(value, String(type));
}
