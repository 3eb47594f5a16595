import type { Hazard, ObjectKind, RenderContext } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { sqlOf } from '../ids.js';
import { foldName, quoteName } from '../names.js';
import { duplicatesStop } from '../row-checks.js';

/** Indexes made by CREATE INDEX. Those of a UNIQUE or PRIMARY KEY belong to their constraint. */
export const indexKind: ObjectKind = {
  name: 'index',
  rank: 20,
  label: (object) => `index ${object.name}`,
  slots: (object) => [`relation ${foldName(object.name)}`],
  droppedWithParent: () => true,
  create: (object, context) => ({ sql: [sqlOf(object)], hazards: uniqueHazards(object, context) }),
  drop: (object) => ({ sql: [`DROP INDEX ${quoteName(object.name)}`] }),
  alter: () => 'replace',
};

function uniqueHazards(index: SchemaObject, { from }: RenderContext): Hazard[] {
  const { unique } = index.props;
  const isNew =
    from.objects.get(index.id)?.props.unique !== true || changedTerms(from.objects.get(index.id)!, index);
  if (!unique || !isNew || !index.dependsOn.every((id) => from.objects.has(id))) return [];
  const terms = (index.info.terms as readonly string[]).map((term) => term.replace(/\s+(?:asc|desc)$/i, ''));
  return [duplicatesStop(index, terms, index.info.whereSql as string | null)];
}

function changedTerms(before: SchemaObject, after: SchemaObject): boolean {
  return (
    JSON.stringify([before.props.terms, before.props.where]) !==
    JSON.stringify([after.props.terms, after.props.where])
  );
}
