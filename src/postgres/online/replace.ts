import type { SchemaObject } from '../../schema/object.js';
import type { StepNode } from '../../schema/step-graph.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import { dropIndex, renameIndex, standsAlone, waysBeside } from './one-by-one.js';
import type { OnlineContext } from './online-steps.js';

/**
 * An index or constraint that is dropped and created again: the new one is built beside the old one, which serves
 * until then, and takes its name in one short transaction. False where something has to happen without either.
 */
export function replaceBeside(create: StepNode, drop: StepNode, context: OnlineContext): boolean {
  const { from, to, graph, stays, temporaryName } = context;
  const before = from.objects.get(create.step.object);
  const after = to.objects.get(create.step.object);
  if (before === undefined || after === undefined || !stays(after.parent)) return false;
  if (before.parent !== after.parent || before.props.valid === false) return false;
  if (waysBeside(after, after.name, to) === undefined || !standsAlone(before, from)) return false;
  // What goes from one table after the other has children that keep it as their own, and with it the name.
  if (after.kind !== 'index' && drop.step.sql.join() !== dropConstraint(before).first.join()) return false;
  // An index can be there while its columns change; a primary key keeps them NOT NULL.
  if (!graph.joinInto(create, drop, after.kind === 'index')) return false;
  const beside = waysBeside(after, temporaryName(after, '__new'), to)!;
  const [, ...rest] = create.step.sql;
  const swap = after.kind === 'index' ? swapIndexes(before, context) : dropConstraint(before);
  create.step = {
    ...create.step,
    action: 'alter',
    touches: [...new Set([...create.step.touches, ...drop.step.touches])],
    summary: `Replace ${label(after)}, which serves until the new one is there`,
    sql: [...beside.build, 'BEGIN', ...swap.first, ...beside.finish, 'COMMIT', ...swap.last, ...rest],
    hazards: [...drop.step.hazards, ...create.step.hazards],
    transactional: beside.transactional,
    apart: true,
  };
  return true;
}

interface Swap {
  /** What frees the name. */
  readonly first: readonly string[];
  /** What is left to do when the name is taken again. */
  readonly last: readonly string[];
}

function swapIndexes(index: SchemaObject, { temporaryName }: OnlineContext): Swap {
  const old = temporaryName(index, '__old');
  return {
    first: [renameIndex(index.schema, index.name, old)],
    last: [dropIndex(index.schema, old)],
  };
}

function dropConstraint(constraint: SchemaObject): Swap {
  return {
    first: [`ALTER TABLE ${relationOf(constraint)} DROP CONSTRAINT ${quoteIdent(constraint.name)}`],
    last: [],
  };
}

function label(object: SchemaObject): string {
  return object.kind === 'index'
    ? `index ${object.name}`
    : `${String(object.props.type)} ${object.name} of ${plainRelationOf(object)}`;
}
