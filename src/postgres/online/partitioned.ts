import { propsOf } from '../../schema/kind.js';
import { dependentsOf } from '../../schema/lookup.js';
import { objectId, type Schema, type SchemaObject } from '../../schema/object.js';
import type { StepNode } from '../../schema/step-graph.js';
import { staysAttached } from '../attachments.js';
import { quoteIdent, relationOf } from '../identifiers.js';
import { attachIndex } from '../kinds/attached-index.js';
import {
  type ConstraintProps,
  constraintAddition,
  constraintDefinition,
  uniqueIndexFirst,
} from '../kinds/constraint-definition.js';
import { createIndexSql } from '../kinds/table-index.js';
import { inheritedFrom } from '../table-parts.js';
import type { OnlineContext } from './online-steps.js';

/** True for a table that has its rows in partitions. */
export function isPartitioned(table: string | null, schema: Schema): boolean {
  return (schema.objects.get(table ?? '')?.props.partitionBy ?? null) !== null;
}

/**
 * True for what a partitioned table can get partition by partition: an index, a key with an index that can be built
 * before, a foreign key to a table that is not partitioned itself.
 */
export function isBuiltByParts(object: SchemaObject, { to }: Pick<OnlineContext, 'to'>): boolean {
  if (object.kind === 'index') return true;
  if (object.kind !== 'constraint') return false;
  const { type, period, references } = propsOf<ConstraintProps>(object);
  if (type === 'foreign key')
    return !isPartitioned(objectId('table', references!.schema, references!.table), to);
  return (type === 'unique' || type === 'primary key') && !period;
}

/** What comes to a partitioned table is built in one partition after the other, without keeping others waiting. */
export function buildByParts(node: StepNode, object: SchemaObject, context: OnlineContext): void {
  const { props, parent } = object;
  const isPart = (props.attachedTo ?? null) !== null;
  if (!isBuiltByParts(object, context)) return;
  // What a table gets that is attached later is made then.
  if (isPart ? !staysAttached(parent!, context) : !isPartitioned(parent, context.to)) return;
  if (props.type === 'foreign key') addForeignKey(node, object, context);
  else buildIndexes(node, object, context);
}

/**
 * An index of a partitioned table is made for that alone, which has no rows, then for one partition after the other;
 * with the last one attached it is valid. So is one that belongs to a key.
 */
function buildIndexes(node: StepNode, object: SchemaObject, { to }: OnlineContext): void {
  const parts = node.step.touches
    .flatMap((id) => to.objects.get(id) ?? [])
    .filter(({ kind }) => kind === object.kind);
  const build = (one: SchemaObject): string[] =>
    isPartitioned(one.parent, to)
      ? [
          one.kind === 'index'
            ? createIndexSql(one, { only: true })
            : `ALTER TABLE ONLY ${relationOf(one)} ADD ${constraintDefinition(one)}`,
          ...parts
            .filter(({ props }) => props.attachedTo === one.id)
            .flatMap((part) => [...build(part), attachIndex(part, one.id)]),
        ]
      : buildAlone(one);
  const attachedTo = (object.props.attachedTo ?? null) as string | null;
  const sql = [...build(object), ...(attachedTo === null ? [] : [attachIndex(object, attachedTo)])];
  // Behind the indexes stand comments and the like.
  const rest = node.step.sql.filter(
    (statement) =>
      !/^(CREATE (UNIQUE )?INDEX |ALTER INDEX .* ATTACH PARTITION |ALTER TABLE .* ADD CONSTRAINT )/.test(
        statement,
      ),
  );
  node.step = { ...node.step, sql: [...sql, ...rest], transactional: false, apart: true };
}

/** The statements for the index or key of a table with rows of its own. */
export function buildAlone(object: SchemaObject): string[] {
  if (object.kind === 'index') return [createIndexSql(object, { concurrently: true })];
  const { build, attach } = uniqueIndexFirst(object, object.name);
  return [build, attach];
}

/**
 * Before PostgreSQL 18 the foreign key of a partitioned table cannot be NOT VALID. But it takes over those that its
 * partitions have, and looks at no row then.
 */
function addForeignKey(node: StepNode, key: SchemaObject, context: OnlineContext): void {
  const { validated, enforced } = propsOf<ConstraintProps>(key);
  if (!validated || !enforced) return;
  const { from, to } = context;
  const made = new Set(node.step.touches);
  const leaves = (above: string): SchemaObject[] =>
    dependentsOf(to, above)
      .filter((part) => part.kind === 'constraint' && inheritedFrom(part).includes(above))
      .flatMap((part) => (isPartitioned(part.parent, to) ? leaves(part.id) : [part]));
  const parts = leaves(key.id);
  const sql = parts.flatMap((part) => {
    if (made.has(part.id)) return addProven(part);
    // One that an interrupted run left behind.
    return from.objects.get(part.id)?.props.validated === false ? [validate(part)] : [];
  });
  if (sql.length === 0) return;
  const said = new Set(parts.map((part) => constraintAddition(part)));
  const rest = node.step.sql.filter((statement) => !said.has(statement));
  node.step = { ...node.step, sql: [...sql, ...rest], apart: true };
}

/** A check or foreign key that is added first and looks at the rows then. */
export function addProven(constraint: SchemaObject): string[] {
  const unproven = { ...constraint, props: { ...constraint.props, validated: false } };
  return [
    `ALTER TABLE ${relationOf(constraint)} ADD ${constraintDefinition(unproven)}`,
    validate(constraint),
  ];
}

function validate(constraint: SchemaObject): string {
  return `ALTER TABLE ${relationOf(constraint)} VALIDATE CONSTRAINT ${quoteIdent(constraint.name)}`;
}
