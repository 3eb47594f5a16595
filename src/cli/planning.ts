import type { DevDatabase } from '../database/dev-database.js';
import type { PlanBetween, PlanOptions } from '../planning/plan-between.js';
import { engineOf, type StateSource } from '../planning/state-source.js';
import { unmanagedNames } from '../planning/unmanaged-names.js';
import { Workbench } from '../planning/workbench.js';
import { type Consent, consentFlag } from '../safety/consent.js';
import type { Hazard } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';
import { filterOf } from '../schema/object-filter.js';
import { planHazards } from '../schema/plan.js';
import { type Rename, type RenameHint, shortName, unansweredRenames } from '../schema/rename.js';
import { hazardLine } from '../schema/render-plan.js';
import { answersOf, reportIdleAnswers } from './answers.js';
import type { Context } from './context.js';
import { settleConversions } from './settle-conversions.js';

/**
 * The workbench of a command: its filter, dev database and engine come from the environment, but the engine of
 * a database among `states` comes first.
 */
export async function openWorkbench(
  context: Context,
  states: readonly StateSource[] = [],
): Promise<Workbench> {
  const filter = filterOf(await context.environment());
  const engine = engineOf(states) ?? (await context.engine());
  const dialect = await context.dialect(engine);
  const openDev = (): Promise<DevDatabase> => {
    context.output.progress('starting the dev database …');
    return context.openDev(engine);
  };
  return context.closing(new Workbench({ dialect, filter, openDev }));
}

/** The environment's database as a state. */
export async function targetSource(context: Context): Promise<StateSource> {
  const url = await context.url();
  const { safeUrl } = await import('../database/database-url.js');
  return { type: 'database', label: safeUrl(url), url };
}

/** The state that a person named; `source` is where, for messages. */
export async function namedSource(context: Context, text: string, source: string): Promise<StateSource> {
  // What a URL leaves out may stand in .env, which is read with the environment.
  await context.environment();
  const { resolveSource } = await import('../planning/resolve-source.js');
  const { cwd: base, env } = context;
  const state = await resolveSource(text, { base, env, source, migrations: () => context.migrations() });
  if (state.type === 'database') context.keepSecret(state.url);
  return state;
}

/** The environment's schema files as a state. */
export async function schemaSource(context: Context): Promise<StateSource> {
  const { schema, root } = await context.environment();
  const { readSchemaFiles } = await import('../planning/schema-files.js');
  const files = await readSchemaFiles(schema, root);
  return { type: 'scripts', label: files.map((file) => file.name).join(', '), files };
}

/**
 * What a command plans with: `--rename`, `--not-renamed`, `--using` and `--answers`, comments of the schema files, a
 * question on a terminal. Likely renames that nobody settles are refused, unless `unanswered` says to drop and create; so
 * are values that no cast suits, whose texts are tried then.
 */
export async function planOptions(
  context: Context,
  bench: Workbench,
  wanted: StateSource,
  unanswered: 'refuse' | 'drop' = 'refuse',
): Promise<PlanOptions> {
  const { renameComments } = await import('../planning/rename-comments.js');
  const { usingComments } = await import('../planning/using-comments.js');
  const { openDatabase } = await import('../database/open-database.js');
  const comments: RenameHint[] = wanted.type === 'scripts' ? renameComments(wanted.files) : [];
  return {
    open: (url) => openDatabase(url, { missing: 'refuse' }),
    renames: [...answersOf(context).renames, ...comments],
    onLikelyRenames: (likely) => settleRenames(context, bench, likely, unanswered),
    conversions: [
      ...answersOf(context).conversions,
      ...(wanted.type === 'scripts' ? usingComments(wanted.files) : []),
    ],
    onUnknownConversions: (open) => settleConversions(context, bench.dialect, open, unanswered),
  };
}

/**
 * Whether to plan for tables in use: not with `--offline`, else as the environment says, of the database if there is
 * one, or for migrations.
 */
export async function isOnline(context: Context, state?: StateSource): Promise<boolean> {
  const environment = await context.environment();
  const { plansOnline } = await import('../project/environment.js');
  return (
    !context.options.flag('offline') &&
    plansOnline(environment, state?.type === 'database' ? state.url : undefined)
  );
}

async function settleRenames(
  context: Context,
  bench: Workbench,
  likely: readonly Rename[],
  unanswered: 'refuse' | 'drop',
): Promise<Rename[]> {
  const { allow, notRenamed } = answersOf(context);
  const denied = new Set(notRenamed);
  // Whoever allows the loss has answered the question whether it was renamed or dropped.
  const open = likely.filter(
    ({ before }) =>
      !denied.has(shortName(before)) &&
      !denied.has(before.id) &&
      !allow.includes('all') &&
      !allow.includes(`drop-${before.kind}:${shortName(before)}`),
  );
  if (open.length === 0 || unanswered === 'drop') return [];
  if (!context.prompt.interactive) throw unansweredRenames(open, bench.dialect);
  const agreed: Rename[] = [];
  const label = (object: SchemaObject) => bench.dialect.kind(object.kind).label(object);
  for (const rename of open) {
    const question = `Is ${label(rename.after)} the renamed ${label(rename.before)}? (no: the old one is dropped with its data)`;
    const flag = `--rename ${shortName(rename.before)}=${rename.after.name}`;
    if (await context.prompt.confirm(question, flag)) agreed.push(rename);
  }
  return agreed;
}

/** What a command that writes a migration may lose: `--allow`, and a question on a terminal. */
export function migrationConsent(context: Context): Consent {
  const { prompt } = context;
  const ask = async (hazards: readonly Hazard[]): Promise<boolean> => {
    const steps = hazards.length === 1 ? 'a step loses data' : `${hazards.length} steps lose data`;
    return prompt.confirm(
      `Write it although ${steps} wherever it runs?`,
      hazards.map((hazard) => `--allow ${consentFlag(hazard)}`).join(' '),
    );
  };
  return { allow: answersOf(context).allow, ask: prompt.interactive ? ask : undefined };
}

/** Tells what is dangerous about a migration before it is written. */
export function reportHazards(context: Context, plan: PlanBetween): void {
  const hazards = planHazards(plan.up);
  for (const hazard of hazards.filter(({ level }) => level !== 'note'))
    context.output.warn(hazardLine(hazard));
  reportIdleAnswers(context, plan);
}

/** Tells what came up while states were read and planned for, and which bookkeeping of other tools was left alone. */
export function reportNotes({ output }: Context, bench: Workbench): void {
  for (const note of bench.notes) output.warn(note);
  for (const line of bench.leftAlone) output.note(line);
}

/** Tells about what was met and is not managed, and whatever else came up while planning. */
export function reportPlanning(context: Context, bench: Workbench, plan?: PlanBetween): void {
  reportNotes(context, bench);
  const unmanaged = plan ? [...plan.unmanaged.from, ...plan.unmanaged.to] : [];
  const names = unmanagedNames(unmanaged);
  if (names.length > 0) {
    context.output.warn(`left alone, because Tidemark does not manage it yet: ${names.join(', ')}`);
  }
}

export { unmanagedNames };
