import type { Connection } from '../database/connection.js';
import type { DatabaseUrl } from '../database/database-url.js';
import { TidemarkError } from '../errors.js';
import type { Schema, UnmanagedObject } from '../schema/object.js';
import { isEmptyPlan, type Plan, segmentsOf } from '../schema/plan.js';
import { type PlanningOptions, planBothWays, planChanges } from '../schema/planner.js';
import { likelyRenames, type Rename, type RenameHint } from '../schema/rename.js';
import { resolveRenames } from '../schema/resolve-renames.js';
import { unaskedRenames } from '../schema/unasked-renames.js';
import type { ConversionHint, ConvertedObject } from '../schema/value-conversions.js';
import { inDevTerms } from './dev-terms.js';
import { prove } from './prove.js';
import { type PlanPart, proveParts } from './prove-parts.js';
import { applyRenames, type Renamed } from './rename-steps.js';
import { settleConversions } from './settle-conversions.js';
import type { StateSource } from './state-source.js';
import { type Builder, NOT_REBUILDABLE, type Workbench } from './workbench.js';

/** A plan with the two states it goes between. */
export interface PlanBetween {
  readonly from: Schema;
  readonly to: Schema;
  readonly up: Plan;
  readonly down: Plan;
  /**
   * The state as the plan left it when it was carried out on the dev database, there and back. Undefined for an empty
   * plan, one that was not asked to be proven, and one from a database that cannot be built there (a note says so).
   */
  readonly proven: Schema | undefined;
  /**
   * The same plan as migrations to be done and taken back one by one, in order: more than one where `inParts` was asked
   * for and its steps cannot share a transaction. `down` is then what takes them back, the last first.
   */
  readonly parts: readonly PlanPart[];
  /** What either side has that Tidemark does not manage yet: reported, never touched. */
  readonly unmanaged: { readonly from: readonly UnmanagedObject[]; readonly to: readonly UnmanagedObject[] };
}

export interface PlanOptions {
  /** Opens a database named as a source. */
  readonly open: (url: DatabaseUrl) => Promise<Connection>;
  /** Prove the plan on the dev database. Default true. */
  readonly prove?: boolean;
  /** Plan the way that holds others back least. Default: the short way. */
  readonly online?: boolean;
  /** Divide what cannot share a transaction into parts with a reverse each; they are proven. Default false. */
  readonly inParts?: boolean;
  /** What is known about renames, from flags and from comments in the schema files. */
  readonly renames?: readonly RenameHint[];
  /**
   * Asked about likely renames that no hint names; gives those that are. Default: none is, so that they are
   * dropped and created.
   */
  readonly onLikelyRenames?: (likely: readonly Rename[]) => Promise<readonly Rename[]>;
  /** What is known about values whose type changes, from flags and from comments in the schema files. */
  readonly conversions?: readonly ConversionHint[];
  /**
   * Asked about values that get a type no cast leads to and that no hint names; gives the expressions that are known
   * then, by id. Default: none, so that their texts are tried.
   */
  readonly onUnknownConversions?: (open: readonly ConvertedObject[]) => Promise<ReadonlyMap<string, string>>;
}

/**
 * Plans the way from one state to another and proves it on the dev database, both ways.
 * Throws what reading the sources throws, `plan-cycle` or `proof-failed`.
 */
export async function planBetween(
  bench: Workbench,
  from: StateSource,
  to: StateSource,
  options: PlanOptions,
): Promise<PlanBetween> {
  const [wanted, current] = onOldest(
    bench,
    await readState(bench, to, options),
    await readState(bench, from, options),
  );
  const remarks = bench.dialect.remarks?.(current.asRead ?? current.schema, wanted.schema) ?? [];
  for (const remark of remarks) bench.note(remark);
  const renamed = await renamesOf(bench, current, wanted.schema, options);
  const conversions = await settleConversions(bench, renamed.from, wanted.schema, options);
  const { up, down } = renamed.between(wanted.schema, conversions);
  const ends = { from: current.schema, to: wanted.schema, up, down };
  const unmanaged = { from: current.schema.unmanaged, to: wanted.schema.unmanaged };
  if (options.inParts === true && segmentsOf(up).length > 1) {
    const parts = await proveFrom(bench, current, (buildFrom) =>
      proveParts(bench, { ...ends, buildFrom, downFirst: renamed.downTo }),
    );
    if (parts !== undefined) {
      const steps = [...parts].reverse().flatMap((part) => part.down.steps);
      return { ...ends, down: { ...down, steps }, proven: parts.at(-1)?.reached, parts, unmanaged };
    }
  }
  const proven =
    options.prove === false || isEmptyPlan(up)
      ? undefined
      : await proveFrom(bench, current, (buildFrom) => prove(bench, { ...ends, buildFrom }));
  return { ...ends, proven, parts: [{ up, down, reached: proven }], unmanaged };
}

/**
 * Two states to be compared, both with the version of the older engine, so that nothing is asked of it which only
 * the newer one has. 0 is what a state that no engine gave has.
 */
function onOldest(bench: Workbench, ...states: readonly [ReadState, ReadState]): [ReadState, ReadState] {
  const oldest = Math.min(...states.map(({ schema }) => schema.engineVersion || Infinity));
  const on = (state: ReadState): ReadState => ({
    ...state,
    schema: {
      ...(bench.dialect.asOnVersion?.(state.schema, oldest) ?? state.schema),
      engineVersion: Math.min(state.schema.engineVersion, oldest),
    },
  });
  const [a, b] = [on(states[0]), on(states[1])];
  return [withoutOwners(bench, a, b), withoutOwners(bench, b, a)];
}

function withoutOwners(bench: Workbench, state: ReadState, live: ReadState): ReadState {
  if (state.asRead !== undefined || live.usualOwners === undefined) return state;
  const schema = bench.dialect.withoutOwnersOf?.(state.schema, live.schema, live.usualOwners) ?? state.schema;
  return { ...state, schema };
}

/** Proves a plan from the first way of building its old state that works. */
async function proveFrom<T>(
  bench: Workbench,
  current: ReadState,
  work: (buildFrom: Builder) => Promise<T>,
): Promise<T | undefined> {
  let reason = '';
  for (const builder of current.builders) {
    try {
      return await work(await builder());
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== NOT_REBUILDABLE) throw error;
      reason = error.message;
    }
  }
  bench.note(`the plan is not proven: ${reason}`);
  return undefined;
}

/** Settles the renames first: the plan is then made from the state in which things have their new names. */
async function renamesOf(
  bench: Workbench,
  current: ReadState,
  wanted: Schema,
  options: PlanOptions,
): Promise<RenamesSettled> {
  const { dialect } = bench;
  const online = { online: options.online };
  const known = resolveRenames(options.renames ?? [], current.schema, wanted, dialect);
  const settled = new Set(known.flatMap(({ before, after }) => [before.id, after.id]));
  const likely = likelyRenames(current.schema, wanted, dialect).filter(
    ({ before, after }) => !settled.has(before.id) && !settled.has(after.id),
  );
  const agreed = likely.length > 0 && options.onLikelyRenames ? await options.onLikelyRenames(likely) : [];
  const said = [...known, ...agreed];
  const named = new Set(said.flatMap(({ before, after }) => [before.id, after.id]));
  const unasked = unaskedRenames(current.schema, wanted, dialect).filter(
    ({ before, after }) => !named.has(before.id) && !named.has(after.id),
  );
  const renames = [...said, ...unasked];
  const from = current.schema;
  const none: RenamesSettled = {
    from,
    between: (to, conversions) => planBothWays(from, to, dialect, { ...online, conversions }),
    downTo: (reached) => planChanges(reached, from, dialect, online),
  };
  if (renames.length === 0) return none;
  let renamed: Renamed;
  try {
    const builder = await current.builders.at(-1)!();
    renamed = await applyRenames(bench, { schema: current.schema, builder }, wanted, renames);
  } catch (error) {
    // What nobody asked for can also be made again.
    if (said.length > 0 || !(error instanceof TidemarkError) || error.code !== NOT_REBUILDABLE) throw error;
    return none;
  }
  const withBack = (down: Plan): Plan => ({ ...down, steps: [...down.steps, ...renamed.back] });
  return {
    from: renamed.schema,
    between(to, conversions) {
      const { up, down } = planBothWays(renamed.schema, to, dialect, { ...online, conversions });
      return { up: { ...up, steps: [...renamed.steps, ...up.steps] }, down: withBack(down) };
    },
    downTo: (reached) => withBack(planChanges(reached, renamed.schema, dialect, online)),
  };
}

/** Plans with the renames in them. */
interface RenamesSettled {
  /** The old state with the new names. */
  readonly from: Schema;
  /** There and back. */
  between(
    to: Schema,
    conversions: PlanningOptions['conversions'],
  ): { readonly up: Plan; readonly down: Plan };
  /** Back from where a part of the way led. */
  downTo(reached: Schema): Plan;
}

/** A state that was read, and how to build it again. */
export interface ReadState {
  readonly schema: Schema;
  /** A database's own words, where `schema` has been put in others. */
  readonly asRead?: Schema;
  /** Whose objects nobody wonders about there. */
  readonly usualOwners?: readonly string[];
  /** The ways to build it, the quickest first, the surest last. */
  readonly builders: readonly (() => Promise<Builder>)[];
}

/** A history longer than this, in files, is not run again for a proof when its result can be built directly. */
const LONG_HISTORY = 10;

/**
 * Reads any source. A database is opened, read in one snapshot and closed again; nothing in it changes.
 * `for comparing`, its definitions are put in the dev database's words.
 */
export async function readState(
  bench: Workbench,
  source: StateSource,
  options: Pick<PlanOptions, 'open'>,
  wording: Wording = 'for comparing',
): Promise<ReadState> {
  switch (source.type) {
    case 'empty':
      return { schema: bench.empty(), builders: [async () => bench.emptyBuilder()] };
    case 'scripts': {
      const schema = await bench.readScripts(source.files);
      const replayed = () => bench.scriptsBuilder(source.files);
      const direct = async () => bench.schemaBuilder(schema, 'exactly');
      const isLong = source.files.length > LONG_HISTORY && schema.unmanaged.length === 0;
      return { schema, builders: isLong ? [direct, replayed] : [replayed] };
    }
    case 'database': {
      const connection = await options.open(source.url);
      try {
        const asRead = await readDatabase(bench, connection, 'as it is');
        const schema = wording === 'as it is' ? asRead : await inDevTerms(bench, asRead);
        const usualOwners = (await bench.dialect.usualOwners?.(connection)) ?? [];
        return { schema, asRead, usualOwners, builders: [async () => bench.schemaBuilder(schema)] };
      } finally {
        await connection.close();
      }
    }
  }
}

/** Whose words definitions are given in: the dev database's, so that they compare, or the server's own. */
export type Wording = 'for comparing' | 'as it is';

/** Reads the schema of an open database in one snapshot. */
export async function readDatabase(
  bench: Workbench,
  connection: Connection,
  wording: Wording = 'for comparing',
): Promise<Schema> {
  const schema = await bench.dialect.readSchema(connection, bench.filter);
  bench.met(schema);
  return wording === 'as it is' ? schema : inDevTerms(bench, schema);
}
