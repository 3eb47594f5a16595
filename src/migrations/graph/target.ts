import { TidemarkError } from '../../errors.js';
import { ancestorsOf, branchOf, effectiveTipsOf, lineageOf, tipsOf } from './reach.js';
import { resolveLabel, resolveRevision } from './resolve-revision.js';
import { describeRevision, type RevisionGraph } from './revision-graph.js';

/**
 * Where to go: a number of steps, or a text `[BRANCH@]PLACE`. PLACE is a full id, the unique beginning of one, a
 * label, a name, `head`, `heads`, `base` or `current`, each with `+N` or `-N` after it if wanted; or `+N` or `-N`
 * alone, counted from where the database is. A number of one to three digits is a number of steps, unless it begins
 * with a zero, as nobody counts: `001` is a revision.
 */
export type Target = string | number;

const COUNT = /^(?:0|[1-9]\d{0,2})$/;

/** A target taken apart. */
export interface ParsedTarget {
  readonly text: string;
  /** The id of the revision that the label before the `@` names. */
  readonly label: string | undefined;
  /** Undefined: counted from where the database is. */
  readonly symbol: string | undefined;
  readonly steps: number | undefined;
  /** False for a plain number: so many steps in order, whatever the branches. */
  readonly relative: boolean;
}

/** The revisions a text means; no ids: base. */
export interface Place {
  readonly ids: readonly string[];
  /** As in `ParsedTarget`. */
  readonly label: string | undefined;
}

/** Takes a target apart. Throws TidemarkError with exit code 2 (`target-invalid`, `target-ambiguous`, `branch-unknown`). */
export function parseTarget(graph: RevisionGraph, target: Target): ParsedTarget {
  if (typeof target === 'number') {
    if (!Number.isInteger(target)) throw invalid(String(target));
    return { text: String(target), label: undefined, symbol: undefined, steps: target, relative: target < 0 };
  }
  const text = target.trim();
  if (COUNT.test(text)) {
    if (graph.byId.has(text)) throw stepsOrRevision(graph, text);
    return { text, label: undefined, symbol: undefined, steps: Number(text), relative: false };
  }
  // A name may hold any of the signs.
  const isName = graph.byId.has(text) || [...graph.byId.values()].some(({ name }) => name === text);
  if (isName && text !== '')
    return { text, label: undefined, symbol: text, steps: undefined, relative: false };
  const [, before, place] = /^(?:([^@]*)@)?([^@]*)$/.exec(text) ?? [];
  const [, symbol, steps] = /^(.*?)([+-]\d+)?$/.exec(place ?? '') ?? [];
  if (before === '' || (!symbol && steps === undefined)) throw invalid(target);
  if (steps !== undefined && Number(steps) === 0) throw invalid(target);
  return {
    text,
    label: before === undefined ? undefined : resolveLabel(graph, before),
    symbol: symbol || undefined,
    steps: steps === undefined ? undefined : Number(steps),
    relative: steps !== undefined,
  };
}

/** As `parseTarget`, for where a place is needed: a number alone is then the (beginning of the) id of a revision. */
export function parsePlace(graph: RevisionGraph, place: string): ParsedTarget {
  const text = place.trim();
  if (!COUNT.test(text)) return parseTarget(graph, place);
  return { text, label: undefined, symbol: text, steps: undefined, relative: false };
}

/**
 * The revisions that a target means which says where, not how far. Throws TidemarkError with exit code 2:
 * `several-heads`, `target-unknown`, `target-ambiguous`, `target-unreachable`.
 *
 * @param applied what the database has; `current` is found in it
 */
export function resolvePlace(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  parsed: ParsedTarget,
): Place {
  const { label, symbol, steps = 0 } = parsed;
  if (symbol === undefined) throw invalid(parsed.text);
  const ids = resolveSymbol(graph, applied, symbol, label);
  if (steps === 0) return { ids, label };
  if (ids.length > 1) throw severalPlaces(graph, symbol, ids);
  return { ids: walk(graph, ids[0], parsed), label };
}

/** As `resolvePlace`, for where several will do: `current` is then every end of what is applied. */
export function resolvePlaces(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  parsed: ParsedTarget,
): Place {
  if (parsed.symbol !== 'current' || parsed.relative) return resolvePlace(graph, applied, parsed);
  return { ids: currentOf(graph, applied, parsed.label), label: parsed.label };
}

/** As `parsePlace` and `resolvePlace` for where one revision is needed; undefined for base. */
export function resolveOne(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  text: string,
): string | undefined {
  const parsed = parsePlace(graph, text);
  const { ids } = resolvePlace(graph, applied, parsed);
  if (ids.length > 1) throw severalPlaces(graph, text, ids);
  return ids[0];
}

function resolveSymbol(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  symbol: string,
  label: string | undefined,
): readonly string[] {
  if (symbol === 'base') return [];
  const lineage = label === undefined ? undefined : lineageOf(graph, label);
  const within = (ids: readonly string[]) => ids.filter((id) => lineage?.has(id) ?? true);
  if (symbol === 'heads') return within(lineage === undefined ? graph.effectiveHeads : graph.heads);
  if (symbol === 'head') {
    const heads = within(graph.heads);
    if (heads.length > 1) throw severalHeads(graph, heads);
    return heads;
  }
  if (symbol === 'current') {
    const current = currentOf(graph, applied, label);
    if (current.length <= 1) return current;
    // One that only came as a dependency of the other is no second place.
    const own = effectiveTipsOf(graph, new Set(ancestorsOf(graph, current)));
    if (own.length > 1) throw severalPlaces(graph, 'current', current);
    return own;
  }
  return [resolveRevision(graph, symbol, lineage)];
}

/** The ends of what is applied, of a label's own line or of all. */
function currentOf(graph: RevisionGraph, applied: ReadonlySet<string>, label: string | undefined): string[] {
  const region = label === undefined ? undefined : branchOf(graph, label);
  return tipsOf(graph, region === undefined ? applied : new Set([...applied].filter((id) => region.has(id))));
}

/** The one head, or undefined without revisions. Throws TidemarkError (`several-heads`) when there are more. */
export function singleHead(graph: RevisionGraph): string | undefined {
  if (graph.heads.length > 1) throw severalHeads(graph, graph.heads);
  return graph.heads[0];
}

function severalHeads(graph: RevisionGraph, heads: readonly string[]): TidemarkError {
  const named = heads.map((id) => graph.byId.get(id)?.file ?? id);
  return new TidemarkError(
    'several-heads',
    `the migrations have ${named.length} heads: ${named.join(', ')}`,
    {
      exitCode: 2,
      hints: [
        'Say "heads" for all of them, BRANCH@head for one, or name a revision.',
        'To make them one line again: "tidemark migrate merge" joins them, "tidemark migrate rebase" puts one after the other.',
      ],
      details: { heads },
    },
  );
}

/** Goes up or down from a revision (undefined: base), one way at a time; `[]` when it ends at base. */
function walk(graph: RevisionGraph, start: string | undefined, parsed: ParsedTarget): readonly string[] {
  const { label, text } = parsed;
  const steps = parsed.steps ?? 0;
  const lineage = label === undefined ? undefined : lineageOf(graph, label);
  let at = start;
  for (let left = Math.abs(steps); left > 0; left--) {
    const from = at;
    const all = steps > 0 ? above(graph, from) : from === undefined ? [] : below(graph, from);
    const ways = all.filter((id) => id === undefined || (lineage?.has(id) ?? true));
    if (ways.length === 0) {
      throw unreachable(`"${text}" leads past ${from ?? 'base'}`, 'Take fewer steps.');
    }
    if (ways.length > 1) {
      const direction = steps > 0 ? 'up' : 'down';
      throw new TidemarkError(
        'target-ambiguous',
        `"${text}": the way ${direction} from ${from ?? 'base'} divides into ${ways.join(', ')}`,
        {
          exitCode: 2,
          hints: [`Name the revision you want, or the branch: BRANCH@${steps > 0 ? '+1' : '-1'}.`],
        },
      );
    }
    at = ways[0];
  }
  return at === undefined ? [] : [at];
}

function above(graph: RevisionGraph, id: string | undefined): readonly string[] {
  return id === undefined ? graph.bases : (graph.children.get(id) ?? []);
}

/** A revision without parents stands on base. */
function below(graph: RevisionGraph, id: string): readonly (string | undefined)[] {
  const parents = graph.byId.get(id)?.parents ?? [];
  return parents.length === 0 ? [undefined] : parents;
}

/** What is thrown for a target that cannot be reached from where the database is. */
export function unreachable(message: string, hint: string): TidemarkError {
  return new TidemarkError('target-unreachable', message, { exitCode: 2, hints: [hint] });
}

function severalPlaces(graph: RevisionGraph, text: string, ids: readonly string[]): TidemarkError {
  const listed = ids.map((id) => describeRevision(graph, id)).join(', ');
  const what = text === 'current' ? 'the database is at several revisions' : `"${text}" is several revisions`;
  return new TidemarkError('target-ambiguous', `${what}: ${listed}`, {
    exitCode: 2,
    hints: ['Name the revision you want.'],
    details: { matches: ids },
  });
}

function stepsOrRevision(graph: RevisionGraph, text: string): TidemarkError {
  const name = graph.byId.get(text)?.name ?? '';
  const revision = name === '' ? `${text}@${text}` : `its name (${name}) or ${text}@${text}`;
  return new TidemarkError(
    'target-ambiguous',
    `"${text}" could be ${text} steps or revision ${describeRevision(graph, text)}`,
    { exitCode: 2, hints: [`Write +${text} or -${text} for steps; for the revision ${revision}.`] },
  );
}

function invalid(text: string): TidemarkError {
  return new TidemarkError('target-invalid', `"${text}" names no place in the history`, {
    exitCode: 2,
    hints: ['For example: head, heads, base, +1, -1, 20250915195954, 20250915+2, reports@head.'],
  });
}
