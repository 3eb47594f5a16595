import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import { branchesOf } from '../../migrations/graph/branches.js';
import { parsePlace, resolvePlaces } from '../../migrations/graph/target.js';
import { type MigrationState, type Position, readPosition, statusOf } from '../../migrations/status.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { stepName } from '../migrate-events.js';
import { oneLine } from '../render/one-line.js';
import { describeStanding, markWords, type Standing } from '../render/revision-line.js';
import { requireNoDatabase } from '../require-no-database.js';
import type { Style } from '../style.js';

/** A migration as `--json` prints it. */
interface Shown extends Omit<MigrationState, 'state'>, Omit<Standing, 'revision' | 'name' | 'branch'> {
  /** Null when no database was asked. */
  readonly state: MigrationState['state'] | null;
  readonly children: readonly string[];
  /** The labels of the lines that it is on. */
  readonly branches: readonly string[];
  /** These are null of a revision that has no file here. */
  readonly checksum: string | null;
  readonly path: string | null;
  readonly up: string | null;
  /** The reverse that has a text of its own. */
  readonly downText: string | null;
}

/** The migrations that a target means: place, state where a database is named, and SQL in both directions. */
export async function run(context: Context): Promise<Outcome> {
  const { url } = await context.environment();
  const folder = await context.migrations();
  const asked = context.required('REVISION');
  // Showing a file must work without its database too.
  const connection = url ? await context.openTarget('refuse').catch(() => undefined) : undefined;
  const position = await readPosition(connection, folder);
  const { graph, applied } = position.comparison;
  if (connection === undefined) requireNoDatabase(asked);
  const parsed = parsePlace(graph, asked);
  const place = parsed.symbol === undefined ? { ...parsed, symbol: 'current' } : parsed;
  const { ids } = resolvePlaces(graph, applied, place);
  if (ids.length === 0) throw nothingThere(asked);
  const states = new Map(statusOf(folder, position).migrations.map((state) => [state.revision, state]));
  const branches = branchesOf(graph);
  const shown: Shown[] = [];
  for (const id of ids) {
    const labels = branches.filter(({ region }) => region.has(id)).map(({ label }) => label);
    shown.push({ ...(await describe(id, states.get(id)!, position, connection)), branches: labels });
  }
  const [only] = shown;
  return {
    result: { ...(shown.length === 1 ? only : {}), revisions: shown },
    text: shown.map((migration) => render(migration, context.output.style)).join('\n\n'),
  };
}

async function describe(
  id: string,
  state: MigrationState,
  { comparison, connected }: Position,
  connection: Connection | undefined,
): Promise<Omit<Shown, 'branches'>> {
  const { graph, migrations } = comparison;
  const migration = migrations.get(id);
  const kept =
    migration === undefined && connection !== undefined
      ? await (await migrationEngine(connection)).history.downText(id)
      : undefined;
  return {
    ...state,
    ...describeStanding(graph, id),
    state: connected ? state.state : null,
    children: graph.children.get(id) ?? [],
    checksum: migration?.checksum ?? null,
    path: migration?.path ?? null,
    up: migration?.up ?? null,
    downText: migration?.down?.sql ?? kept ?? null,
  };
}

function render(shown: Shown, { bold, dim }: Style): string {
  const { parents, children, dependsOn, neededBy, branches, state, up, down, downText } = shown;
  const list = (ids: readonly string[]) => ids.join(', ');
  const when =
    shown.appliedAt === null ? '' : ` at ${shown.appliedAt} by ${shown.appliedBy ?? 'nobody known'}`;
  const some = (name: string, ids: readonly string[]): [string, string][] =>
    ids.length > 0 ? [[name, list(ids)]] : [];
  const facts: [string, string][] = [
    ['revision', [shown.revision, ...markWords(shown)].join(' ')],
    ['name', shown.name],
    parents.length > 1 ? ['merges', list(parents)] : ['parent', list(parents) || 'none: it begins a line'],
    ...some('depends on', dependsOn),
    ...some(children.length > 1 ? 'branches into' : 'followed by', children),
    ...some('needed by', neededBy),
    ...some('branch', branches),
    ['path', shown.path ?? 'no file here'],
    ...(shown.checksum === null ? [] : ([['checksum', shown.checksum]] as [string, string][])),
    ...(state === null ? [] : ([['state', `${state}${when}`]] as [string, string][])),
  ];
  return [
    ...facts.map(
      ([name, value]) => `${name.padEnd(15)}${name === 'revision' ? bold(oneLine(value)) : oneLine(value)}`,
    ),
    '',
    ...(up === null ? [] : [dim(`-- ${oneLine(stepName(shown))}, up`), up.trimEnd(), '']),
    dim('-- down'),
    downText?.trimEnd() ?? otherDown[down ?? 'nowhere'],
  ].join('\n');
}

/** Where a reverse is that has no file of its own. */
const otherDown = {
  file: '(downgrade, in the same file)',
  database: '(its text is kept in the database)',
  nowhere: '(none)',
};

function nothingThere(asked: string): TidemarkError {
  return new TidemarkError('target-unknown', `"${asked}" is no migration`, {
    exitCode: 2,
    hints: ['"tidemark migrate history" lists them.'],
  });
}
