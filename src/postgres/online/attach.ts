import { type Hazard, propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import type { StepNode } from '../../schema/step-graph.js';
import { childrenOf, type PartitionProps, partitionOf, staysAttached } from '../attachments.js';
import { inParentheses } from '../canonical-expression.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import { isForeign } from '../table-parts.js';
import type { OnlineContext } from './online-steps.js';
import { addProven, buildAlone, isBuiltByParts, isPartitioned } from './partitioned.js';

/**
 * A partition comes or goes. Attaching looks at all its rows, and at those of the default partition, while nobody can
 * read or write them, unless a valid check says already where they belong: so there is one for the while. What the
 * partition gets from the table above (indexes, keys, foreign keys) is built before, too.
 */
export function attachBeside(node: StepNode, context: OnlineContext): void {
  const partition = attachedBy(node, context);
  if (partition === undefined) return;
  const checks = checksFor(partition, context).map((check) => helperCheck(check, partition, context));
  const parts = isOld(partition, context) ? partsFor(node, partition, context) : [];
  if (checks.length === 0 && parts.length === 0) return;
  const concurrently = parts.some((sql) => / CONCURRENTLY /.test(sql));
  node.step = {
    ...node.step,
    sql: [
      ...checks.flatMap((check) => check.add),
      ...parts,
      ...node.step.sql,
      ...checks.map((check) => check.drop),
    ],
    transactional: node.step.transactional && !concurrently,
    apart: true,
  };
}

/** What a partition that comes makes others wait for, where no check can be added first. */
export function attachHazard(node: StepNode, context: OnlineContext): Hazard | undefined {
  const partition = attachedBy(node, context);
  if (partition === undefined) return undefined;
  const { of } = propsOf<PartitionProps>(partition);
  const spared = new Set(checksFor(partition, context).map(({ table }) => table));
  const scanned = [
    ...(isOld(partition, context) ? [partition.parent!] : []),
    ...defaultsOf(of, context).flatMap(({ parent }) => parent!),
  ].filter((table) => !spared.has(table));
  if (scanned.length === 0) return undefined;
  const label = plainName(partition.schema, partition.name);
  return {
    code: 'scan-table',
    level: 'blocking',
    subject: label,
    message: `attaching ${label} looks at every row of ${scanned.map(plainTable).join(' and ')}, and nobody can read or write them meanwhile`,
  };
}

/** The partition that a step attaches to a table in use: one that was a table before, or that it makes. */
function attachedBy({ step }: StepNode, { to, stays }: OnlineContext): SchemaObject | undefined {
  if (step.action !== 'create') return undefined;
  return step.touches
    .flatMap((id) => to.objects.get(id) ?? [])
    .find(
      ({ kind, id, parent, props }) =>
        kind === 'partition' &&
        (id === step.object || parent === step.object) &&
        stays(props.of as string) &&
        !moves(parent!, { stays }),
    );
}

/** A table that goes from one place to another has to do so in one transaction. */
function moves(table: string, { stays }: Pick<OnlineContext, 'stays'>): boolean {
  return stays(`partition${table.slice(table.indexOf(':'))}`);
}

function isOld(partition: SchemaObject, { from, stays }: OnlineContext): boolean {
  return stays(partition.parent) && partitionOf(from, partition.parent!) === undefined;
}

/** What a table has to be known to obey. */
interface Rule {
  readonly table: string;
  readonly condition: string;
}

function checksFor(partition: SchemaObject, context: OnlineContext): Rule[] {
  const { to } = context;
  const { of } = propsOf<PartitionProps>(partition);
  const condition = boundCheck(partition);
  if (condition === undefined) return [];
  if (isDefault(partition)) {
    // What belongs there depends on the others.
    const same = childrenOf(to, of).every(
      (table) => table === partition.parent || staysAttached(table, context),
    );
    return same && isOld(partition, context) ? [{ table: partition.parent!, condition }] : [];
  }
  // The condition of a partition of a partition says also what the tables above say, and its opposite too much.
  const defaults = partitionOf(to, of) === undefined ? defaultsOf(of, context) : [];
  return [
    ...(isOld(partition, context) ? [{ table: partition.parent!, condition }] : []),
    ...defaults.map(({ parent }) => ({ table: parent!, condition: `NOT ${inParentheses(condition)}` })),
  ].filter(({ table }) => !isForeign(to.objects.get(table)));
}

/** A check that is there for a while. */
interface HelperCheck {
  readonly add: readonly string[];
  readonly drop: string;
}

function helperCheck(
  { table, condition }: Rule,
  partition: SchemaObject,
  { temporaryName }: OnlineContext,
): HelperCheck {
  const [schema, name] = objectPath(table);
  const alter = `ALTER TABLE ${qualified(schema!, name!)}`;
  const check = quoteIdent(temporaryName(partition, '__bound'));
  return {
    add: [
      `${alter} ADD CONSTRAINT ${check} CHECK ${inParentheses(condition)} NOT VALID`,
      `${alter} VALIDATE CONSTRAINT ${check}`,
    ],
    drop: `${alter} DROP CONSTRAINT ${check}`,
  };
}

/** Which rows belong to it, as a condition; undefined where it can only be said by numbers of this database (HASH). */
function boundCheck(partition: SchemaObject): string | undefined {
  return (partition.info.condition as string | undefined) ?? undefined;
}

function isDefault(partition: SchemaObject): boolean {
  return partition.props.bound === 'DEFAULT';
}

/** The default partition that a table has all the time. */
function defaultsOf(of: string, context: OnlineContext): SchemaObject[] {
  return childrenOf(context.to, of)
    .filter((table) => staysAttached(table, context))
    .flatMap((table) => partitionOf(context.to, table) ?? [])
    .filter(isDefault);
}

/** The statements for what attaching would make of the table above: it takes over what it finds. */
function partsFor(node: StepNode, partition: SchemaObject, context: OnlineContext): string[] {
  const { to } = context;
  const parts = node.step.touches
    .flatMap((id) => to.objects.get(id) ?? [])
    .filter((part) => part.parent === partition.parent && isBuiltByParts(part, context));
  if (isPartitioned(partition.parent, to)) return [];
  return parts.flatMap((part) => {
    if (part.props.type !== 'foreign key') return buildAlone(part);
    return part.props.validated === true && part.props.enforced === true ? addProven(part) : [];
  });
}

/**
 * DETACH PARTITION CONCURRENTLY, since PostgreSQL 14: not where the table has a default partition. It leaves a check
 * behind that says which rows were there, unless there is one; so there is one, that can be dropped by its name.
 */
export function detachBeside(node: StepNode, context: OnlineContext): void {
  const { from, to, stays } = context;
  const partition = from.objects.get(node.step.object);
  if (partition?.kind !== 'partition' || to.engineVersion < 140000) return;
  const { of, detaching } = propsOf<PartitionProps>(partition);
  if (!stays(partition.parent) || !stays(of) || to.objects.has(partition.id)) return;
  if (detaching) {
    node.step = { ...node.step, apart: true };
    return;
  }
  const bound = boundCheck(partition);
  const hasDefault = childrenOf(from, of).some((table) => {
    const sibling = partitionOf(from, table);
    return sibling !== undefined && isDefault(sibling);
  });
  if (bound === undefined || hasDefault || isForeign(from.objects.get(partition.parent!))) return;
  const rule = { table: partition.parent!, condition: bound };
  const { add, drop } = helperCheck(rule, partition, context);
  const [detach, ...rest] = node.step.sql;
  node.step = {
    ...node.step,
    sql: [...add, `${detach} CONCURRENTLY`, drop, ...rest],
    transactional: false,
    apart: true,
  };
}

function plainTable(id: string): string {
  const [schema, name] = objectPath(id);
  return plainName(schema!, name!);
}
