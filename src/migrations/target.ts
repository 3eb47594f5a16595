import { TidemarkError } from '../errors.js';
import { ancestorsOf, descendantsOf, type Revision, type RevisionGraph, singleHead } from './graph.js';

/**
 * Where to go: a number of steps, or a text: a full id, a unique prefix of one, a name, `head`, `base`,
 * `current`, `+N`, `-N`, or one of the former with `+N` or `-N` after it. A text of one to three digits is
 * a number of steps.
 */
export type Target = string | number;

/**
 * The revisions that an upgrade to the target runs, in order. Default target: `head`. Throws TidemarkError
 * (`several-heads`, `target-unknown`, `target-ambiguous`, `target-unreachable`).
 */
export function upgradeSteps(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  target: Target = 'head',
): Revision[] {
  const pending = (wanted: ReadonlySet<string>): Revision[] =>
    graph.order.filter((revision) => wanted.has(revision.id) && !applied.has(revision.id));
  const goal = parseTarget(graph, target);
  if (goal.symbol === undefined) {
    const steps = goal.steps!;
    if (steps < 0) {
      throw unreachable(`an upgrade cannot go ${-steps} back`, 'Use "tidemark migrate down" to go back.');
    }
    const head = singleHead(graph);
    const all = pending(head === undefined ? new Set() : ancestorsOf(graph, [head]));
    if (goal.relative && steps > all.length) throw tooFar(steps, all.length, 'pending');
    return all.slice(0, steps);
  }
  const id = resolveGoal(graph, applied, goal);
  return id === undefined ? [] : pending(ancestorsOf(graph, [id]));
}

/**
 * The applied revisions that a downgrade to the target reverses, in the order in which to do it: the target
 * itself stays. Default: one step. Throws like `upgradeSteps`.
 */
export function downgradeSteps(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  target: Target = -1,
): Revision[] {
  const newestFirst = graph.order.filter((revision) => applied.has(revision.id)).reverse();
  const goal = parseTarget(graph, target);
  if (goal.symbol === undefined) {
    if (goal.relative && goal.steps! > 0) {
      throw unreachable(
        `a downgrade cannot go ${goal.steps} forward`,
        'Use "tidemark migrate up" to go forward.',
      );
    }
    const steps = Math.abs(goal.steps!);
    if (steps > newestFirst.length) throw tooFar(steps, newestFirst.length, 'applied');
    return newestFirst.slice(0, steps);
  }
  const id = resolveGoal(graph, applied, goal);
  if (id === undefined) return newestFirst;
  if (!applied.has(id)) {
    throw unreachable(
      `revision ${id} is not applied, so a downgrade cannot end there`,
      'The revisions that are applied are listed by "tidemark migrate history".',
    );
  }
  const above = descendantsOf(graph, [id]);
  return newestFirst.filter((revision) => revision.id !== id && above.has(revision.id));
}

/** The applied revisions on which no other applied one follows. */
export function currentRevisions(graph: RevisionGraph, applied: ReadonlySet<string>): string[] {
  return [...applied].filter((id) => !(graph.children.get(id) ?? []).some((child) => applied.has(child)));
}

/**
 * The revision that a text names: a full id, a unique prefix of one, or a name. Throws TidemarkError
 * (`target-unknown`, `target-ambiguous`).
 */
export function resolveRevision(graph: RevisionGraph, text: string): string {
  if (graph.byId.has(text)) return text;
  const revisions = [...graph.byId.values()];
  const named = revisions.filter((revision) => revision.name === text && text !== '');
  const matches =
    named.length > 0 ? named : revisions.filter((revision) => text !== '' && revision.id.startsWith(text));
  if (matches.length === 1) return matches[0]!.id;
  if (matches.length > 1) {
    const listed = matches.map((revision) => describe(revision));
    throw new TidemarkError('target-ambiguous', `"${text}" could be ${listed.slice(0, 8).join(' or ')}`, {
      exitCode: 2,
      hints: ['Write more of the id.'],
      details: { matches: matches.map((revision) => revision.id) },
    });
  }
  const newest = graph.order.at(-1);
  throw new TidemarkError('target-unknown', `there is no revision "${text}"`, {
    exitCode: 2,
    hints: [
      newest === undefined ? 'There are no migrations yet.' : `The newest is ${describe(newest)}.`,
      'A revision is named by its id, the beginning of one, its name, head, base, current, +N or -N.',
    ],
  });
}

interface Goal {
  /** Undefined: counted from where the database is. */
  readonly symbol: string | undefined;
  readonly steps: number | undefined;
  /** True for `+N` and `-N`, false for a plain number. */
  readonly relative: boolean;
}

function parseTarget(graph: RevisionGraph, target: Target): Goal {
  if (typeof target === 'number') return { symbol: undefined, steps: target, relative: target < 0 };
  const text = target.trim();
  if (/^\d{1,3}$/.test(text)) {
    if (graph.byId.has(text)) {
      throw new TidemarkError(
        'target-ambiguous',
        `"${text}" could be ${text} steps or revision ${describe(graph.byId.get(text)!)}`,
        {
          exitCode: 2,
          hints: [`Write +${text} or -${text} for steps, or the revision's name.`],
        },
      );
    }
    return { symbol: undefined, steps: Number(text), relative: false };
  }
  if (/^[+-]\d+$/.test(text)) return { symbol: undefined, steps: Number(text), relative: true };
  const isName = graph.byId.has(text) || [...graph.byId.values()].some((revision) => revision.name === text);
  const [, symbol, steps] = (isName ? null : /^(.+?)([+-]\d+)$/.exec(text)) ?? [];
  return {
    symbol: symbol ?? text,
    steps: steps === undefined ? undefined : Number(steps),
    relative: steps !== undefined,
  };
}

/** The id a goal means; undefined for base. */
function resolveGoal(graph: RevisionGraph, applied: ReadonlySet<string>, goal: Goal): string | undefined {
  let at = resolveSymbol(graph, applied, goal.symbol!);
  for (let left = goal.steps ?? 0; left !== 0; left -= Math.sign(left)) {
    const from = at ?? 'base';
    const next: readonly (string | undefined)[] =
      left > 0 ? childrenOf(graph, at) : at === undefined ? [] : parentsOf(graph, at);
    if (next.length === 0) {
      throw unreachable(
        `"${goal.symbol}${goal.steps! > 0 ? '+' : ''}${goal.steps}" leads past ${from}`,
        'Take fewer steps.',
      );
    }
    if (next.length > 1) {
      throw new TidemarkError(
        'target-ambiguous',
        `the way ${left > 0 ? 'up' : 'down'} from ${from} is not one: ${next.join(', ')}`,
        {
          exitCode: 2,
          hints: ['Name the revision you want.'],
        },
      );
    }
    at = next[0];
  }
  return at;
}

function resolveSymbol(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  symbol: string,
): string | undefined {
  if (symbol === 'base') return undefined;
  if (symbol === 'head') return singleHead(graph);
  if (symbol !== 'current') return resolveRevision(graph, symbol);
  const current = currentRevisions(graph, applied);
  if (current.length > 1) {
    throw new TidemarkError(
      'target-ambiguous',
      `the database is at several revisions: ${current.join(', ')}`,
      {
        exitCode: 2,
        hints: ['Name the revision you want.'],
      },
    );
  }
  return current[0];
}

function childrenOf(graph: RevisionGraph, id: string | undefined): readonly string[] {
  if (id !== undefined) return graph.children.get(id) ?? [];
  return graph.order.filter((revision) => revision.parents.length === 0).map((revision) => revision.id);
}

/** One step down; a revision without parents stands on base. */
function parentsOf(graph: RevisionGraph, id: string): readonly (string | undefined)[] {
  const parents = graph.byId.get(id)!.parents;
  return parents.length === 0 ? [undefined] : parents;
}

function describe(revision: Revision): string {
  return revision.name === '' ? revision.id : `${revision.id} (${revision.name})`;
}

function unreachable(message: string, hint: string): TidemarkError {
  return new TidemarkError('target-unreachable', message, { exitCode: 2, hints: [hint] });
}

function tooFar(steps: number, there: number, what: 'pending' | 'applied'): TidemarkError {
  return unreachable(
    `${steps} steps were asked for, but ${there} ${there === 1 ? 'revision is' : 'revisions are'} ${what}`,
    what === 'applied' ? 'Use "base" to take everything down.' : 'Use "head" to apply everything.',
  );
}
