import { sameValue } from '../schema/equal.js';
import { propsOf } from '../schema/kind.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import { type BothStates, type InheritanceProps, inheritedFrom, isKept, partsOf } from './table-parts.js';

/** The ids of the tables that a table inherits from, in order. Partitions have none. */
export function parentsOf(schema: Schema, table: string): readonly string[] {
  const [one] = partsOf(schema, table, 'inheritance');
  return one === undefined ? [] : propsOf<InheritanceProps>(one).parents;
}

/**
 * True when a table inherits from the same tables all the time, and all that changes in them can change in it along
 * with them. Otherwise it lets go of them first and inherits again last, and stands alone in between.
 */
export function keepsInheriting(table: string, context: BothStates): boolean {
  const { from, to } = context;
  let known = KEPT.get(to);
  if (known?.from !== from) {
    known = { from, answers: new Map() };
    KEPT.set(to, known);
  }
  let answer = known.answers.get(table);
  if (answer === undefined) {
    const parents = parentsOf(from, table);
    answer =
      parents.length > 0 &&
      sameValue(parents, parentsOf(to, table)) &&
      [table, ...parents].every((id) => isKept(id, context)) &&
      bothForms(table, context).every(([before, after]) => canFollow(before, after, context));
    known.answers.set(table, answer);
  }
  return answer;
}

const KEPT = new WeakMap<Schema, { readonly from: Schema; readonly answers: Map<string, boolean> }>();

/**
 * True when nothing that a table has from one it inherits from changes, so that it does not matter whether it does so
 * meanwhile.
 */
export function isQuiet(table: string, parent: string, context: BothStates): boolean {
  return [table, parent].every(
    (id) =>
      isKept(id, context) &&
      bothForms(id, context).every(
        ([before, after]) =>
          (id === table && ![before, after].some((part) => part && hasFrom(part, parent))) ||
          (before !== undefined && after !== undefined && sameForm(before, after)),
      ),
  );
}

function hasFrom(part: SchemaObject, parent: string): boolean {
  const prefix = `${part.kind}${parent.slice(parent.indexOf(':'))}.`;
  return inheritedFrom(part).some((id) => id.startsWith(prefix));
}

/** What a table can hand on, as it was and as it will be. */
function bothForms(
  table: string,
  { from, to }: BothStates,
): [before: SchemaObject | undefined, after: SchemaObject | undefined][] {
  const handedOn = (schema: Schema): SchemaObject[] => [
    ...partsOf(schema, table, 'column'),
    ...partsOf(schema, table, 'constraint').filter(({ props }) => props.type === 'check'),
  ];
  const ids = new Set([...handedOn(from), ...handedOn(to)].map(({ id }) => id));
  return [...ids].map((id) => [from.objects.get(id), to.objects.get(id)]);
}

/** What the form of a column or check means to those that hand it on or get it. */
const FORM = [
  'type',
  'collation',
  'notNull',
  'generated',
  'expression',
  'noInherit',
  'validated',
  'enforced',
];

function sameForm(before: SchemaObject, after: SchemaObject): boolean {
  return FORM.every((key) => sameValue(before.props[key] ?? null, after.props[key] ?? null));
}

/** True when a part of a table can become what it is to be by what happens to the tables above. */
function canFollow(
  before: SchemaObject | undefined,
  after: SchemaObject | undefined,
  { from, to }: BothStates,
): boolean {
  const old = before === undefined ? [] : inheritedFrom(before);
  const next = after === undefined ? [] : inheritedFrom(after);
  if (before === undefined) {
    return next.length === 0 || (next.length === 1 && comesAnew(next[0]!, { from, to }));
  }
  if (after === undefined) {
    return old.length === 0 || (old.length === 1 && comesAnew(old[0]!, { from: to, to: from }));
  }
  if (old.length === 0 && next.length === 0) return true;
  // What was its own is joined with what comes from above only where the two are alike.
  if (next.some((id) => !old.includes(id))) {
    const above = next.every((id) => sameForm(to.objects.get(id) ?? after, after));
    return sameForm(before, after) && above;
  }
  return sameForm(before, after) || (old.length === 1 && next.length === 1);
}

/** True for what only the second state has, and for a check that is made anew. */
function comesAnew(id: string, { from, to }: BothStates): boolean {
  const before = from.objects.get(id);
  const after = to.objects.get(id);
  if (before === undefined || after === undefined) return before === undefined;
  return (
    after.kind === 'constraint' &&
    ['expression', 'noInherit', 'enforced'].some((key) => !sameValue(before.props[key]!, after.props[key]!))
  );
}
