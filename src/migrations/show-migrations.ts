import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { migrationEngine } from './engine.js';
import type { MigrationFolder } from './folder.js';
import { branchesOf } from './graph/branches.js';
import { describeStanding, type Standing } from './graph/standing.js';
import { parsePlace, resolvePlaces } from './graph/target.js';
import { requireNoDatabase } from './require-no-database.js';
import { type MigrationState, type Position, readPosition, statusOf } from './status.js';

/** One migration: its place among the others, its state, and its SQL. */
export interface ShownMigration
  extends Omit<MigrationState, 'state'>,
    Omit<Standing, 'revision' | 'name' | 'branch'> {
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

/**
 * The migrations that a target means, one as a rule, with the text of a reverse that only the database has. Writes
 * nothing. Throws TidemarkError with exit code 2: `target-unknown` (`base` is no migration), `url-missing` for a
 * target that is counted from where a database is, and as `resolvePlaces`; and as `readPosition`.
 *
 * @param connection undefined: the files alone
 */
export async function showMigrations(
  connection: Connection | undefined,
  folder: MigrationFolder,
  target: string,
): Promise<ShownMigration[]> {
  const position = await readPosition(connection, folder);
  const { graph, applied } = position.comparison;
  if (connection === undefined) requireNoDatabase(target);
  const parsed = parsePlace(graph, target);
  const place = parsed.symbol === undefined ? { ...parsed, symbol: 'current' } : parsed;
  const { ids } = resolvePlaces(graph, applied, place);
  if (ids.length === 0) throw nothingThere(target);
  const states = new Map(statusOf(folder, position).migrations.map((state) => [state.revision, state]));
  const branches = branchesOf(graph);
  const shown: ShownMigration[] = [];
  for (const id of ids) {
    const labels = branches.filter(({ region }) => region.has(id)).map(({ label }) => label);
    shown.push({ ...(await describe(id, states.get(id)!, position, connection)), branches: labels });
  }
  return shown;
}

async function describe(
  id: string,
  state: MigrationState,
  { comparison, connected }: Position,
  connection: Connection | undefined,
): Promise<Omit<ShownMigration, 'branches'>> {
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

function nothingThere(target: string): TidemarkError {
  return new TidemarkError('target-unknown', `"${target}" is no migration`, {
    exitCode: 2,
    hints: ['"tidemark migrate history" lists them.'],
  });
}
