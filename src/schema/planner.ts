import { type Action, actionObject, decideActions } from './actions.js';
import type { Dialect } from './dialect.js';
import { type Group, orderActions, sortParts } from './fold.js';
import type { RenderContext, Rendered } from './kind.js';
import type { Schema, SchemaObject } from './object.js';
import type { Plan, Step } from './plan.js';
import { arranged, StepGraph } from './step-graph.js';

/** How a plan is made. */
export interface PlanningOptions {
  /**
   * Take the way that holds others back least, where there is one, for what was there before: in several transactions,
   * and partly in none. Default: the short way.
   */
  readonly online?: boolean | undefined;
  /** The SQL expressions that make new values of old ones on the way there, where somebody has said so, by id. */
  readonly conversions?: RenderContext['conversions'] | undefined;
}

/**
 * The way from one schema to another, in the order in which it can run. Pure: the same two schemas
 * always give the same plan, byte for byte. `reverse` is filled by `planBothWays`.
 * Throws TidemarkError `plan-cycle` when no order exists.
 */
export function planChanges(
  before: Schema,
  after: Schema,
  dialect: Dialect,
  options: PlanningOptions = {},
): Plan {
  const { from, to } = dialect.complete?.(before, after) ?? { from: before, to: after };
  const { conversions } = options;
  const context: RenderContext = { from, to, folded: [], ...(conversions && { conversions }) };
  const actions = decideActions(from, to, dialect, conversions);
  const groups = orderActions(actions, from, to, dialect);
  const rendered = groups.map((group) => renderStep(group, from, to, dialect));
  const steps = (
    options.online && dialect.online ? onlineSteps(rendered, groups, context, dialect.online) : rendered
  ).filter((step) => step.sql.length > 0);
  return {
    engine: to.engine,
    steps,
    ...dialect.frame(steps, to),
    transactional: sharesTransaction(steps, to),
  };
}

function onlineSteps(
  steps: readonly Step[],
  groups: readonly Group[],
  context: RenderContext,
  rewrite: NonNullable<Dialect['online']>,
): readonly Step[] {
  const graph = new StepGraph(steps, groups);
  rewrite(graph, context);
  return arranged(graph, (later, { object }) =>
    later.touches.some((id) => context.to.objects.get(id)?.dependsOn.includes(object)),
  );
}

/** One transaction will do unless a step forbids it or needs what an earlier step must commit first. */
function sharesTransaction(steps: readonly Step[], to: Schema): boolean {
  const uncommitted = new Set<string>();
  for (const step of steps) {
    if (!step.transactional || step.apart || step.commitBefore) return false;
    if (step.touches.some((id) => to.objects.get(id)?.dependsOn.some((needed) => uncommitted.has(needed))))
      return false;
    if (step.commitAfter) uncommitted.add(step.object);
  }
  return true;
}

/** The plan there and the plan back, each step knowing the SQL of the other that undoes it. */
export function planBothWays(
  from: Schema,
  to: Schema,
  dialect: Dialect,
  options: PlanningOptions = {},
): { readonly up: Plan; readonly down: Plan } {
  const up = planChanges(from, to, dialect, options);
  const down = planChanges(to, from, dialect, { ...options, conversions: undefined });
  return { up: withReverse(up, down), down: withReverse(down, up) };
}

const OPPOSITE = { create: 'drop', drop: 'create', alter: 'alter', rename: 'rename' } as const;

function withReverse(plan: Plan, opposite: Plan): Plan {
  const undo = new Map(opposite.steps.map((step) => [`${step.action} ${step.object}`, step.sql]));
  const steps = plan.steps.map((step) => ({
    ...step,
    reverse: undo.get(`${OPPOSITE[step.action]} ${step.object}`) ?? [],
  }));
  return { ...plan, steps };
}

function renderStep(group: Group, from: Schema, to: Schema, dialect: Dialect): Step {
  const { lead, members } = group;
  const object = actionObject(lead);
  const parts = sortParts(members.map(actionObject), dialect);
  const follows = (part: SchemaObject) => dialect.kind(part.kind).foldsIntoParent?.(part) === 'after';
  const context = {
    from,
    to,
    folded: lead.type === 'create' ? parts.filter((part) => !follows(part)) : parts,
  };
  const rendered = renderAction(lead, context, dialect);
  const behind = lead.type === 'create' ? parts.filter(follows) : [];
  return {
    action: lead.type,
    object: object.id,
    touches: [object.id, ...parts.map((part) => part.id), ...touchedBy(lead)],
    summary: rendered.summary ?? summaryOf(lead, object, dialect),
    sql: [
      ...rendered.sql,
      ...behind.flatMap((part) => dialect.kind(part.kind).create(part, { ...context, behind: true }).sql),
    ],
    reverse: [],
    hazards: rendered.hazards ?? [],
    transactional: rendered.transactional ?? true,
    commitAfter: rendered.commitAfter ?? false,
    ...(rendered.withoutForeignKeys ? { withoutForeignKeys: true } : {}),
    ...(rendered.inOrder ? { inOrder: rendered.inOrder } : {}),
  };
}

function touchedBy(action: Action): readonly string[] {
  return action.type === 'alter' ? (action.alteration.touches ?? []) : [];
}

function renderAction(action: Action, context: RenderContext, dialect: Dialect): Rendered {
  if (action.type === 'alter') return action.alteration;
  const kind = dialect.kind(action.object.kind);
  return action.type === 'create' ? kind.create(action.object, context) : kind.drop(action.object, context);
}

function summaryOf(action: Action, object: SchemaObject, dialect: Dialect): string {
  const label = dialect.kind(object.kind).label(object);
  switch (action.type) {
    case 'create':
      return action.again ? `Create ${label} again` : `Create ${label}`;
    case 'drop':
      return action.again ? `Drop ${label} for now, it is created again below` : `Drop ${label}`;
    case 'alter':
      return `Change ${label}`;
  }
}
