import type { Connection } from '../database/connection.js';
import { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { requireStillWanted, unlessAborted } from '../migrations/abort.js';
import { graphOf, migrationsInOrder, requireKnown } from '../migrations/compare-history.js';
import { migrationEngine } from '../migrations/engine.js';
import { type MigrationFolder, readMigrationFolder } from '../migrations/folder.js';
import { requireOneHead } from '../migrations/new-revision.js';
import { requireListed } from '../migrations/require-listed.js';
import { migrateStamp } from '../migrations/stamp.js';
import { isAtHeads, type Position, readPosition, statusOf } from '../migrations/status.js';
import { type NewMigration, writeMigration } from '../migrations/write-migration.js';
import { type Consent, consentTo } from '../safety/consent.js';
import { diffSchemas } from '../schema/diff.js';
import type { Hazard } from '../schema/kind.js';
import type { Schema } from '../schema/object.js';
import { isEmptyPlan, planHazards, type Step } from '../schema/plan.js';
import { inDevTerms } from './dev-terms.js';
import { upScript } from './migration-scripts.js';
import { type PlanBetween, type PlanOptions, planBetween } from './plan-between.js';
import type { ScriptFile } from './run-scripts.js';
import { scriptsSince } from './since-snapshot.js';
import type { Snapshot } from './snapshot-file.js';
import { newestSnapshot } from './snapshot-folder.js';
import type { StateSource } from './state-source.js';
import {
  keepSnapshot,
  movedMeanwhile,
  type ReadSnapshot,
  readSnapshot,
  readStanding,
  type SnapshotPlace,
} from './take-snapshot.js';
import type { Workbench } from './workbench.js';
import { type MigrationText, migrationText } from './write-migration.js';

/** What to look for, and what to do about it. */
export interface Detection extends Pick<NewMigration, 'naming' | 'afterWrite'> {
  readonly place: SnapshotPlace;
  readonly folder: MigrationFolder;
  /** The open database as a state. `plan.open` gives `session` for it. */
  readonly live: StateSource;
  /** What the migration is called. */
  readonly name: string;
  /** Write nothing, and give the texts. */
  readonly dryRun?: boolean | undefined;
  /** Record the migration as applied in this database, which has the change, and take a new snapshot. */
  readonly apply?: boolean | undefined;
  /** Makes a backup and gives its id. Called before anything is written, when there is something to write. */
  readonly backup?: (() => Promise<string>) | undefined;
  readonly plan: PlanOptions;
  /** What the migration may lose where it runs. Default: nothing. */
  readonly consent?: Consent | undefined;
  readonly onPlanned?: ((plan: PlanBetween) => void) | undefined;
  readonly lockTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How the database differs from its last snapshot. Plain data: what `--json` prints. */
export interface DetectedChange {
  /** False: it is as it was then, but for what migrations did. */
  readonly changed: boolean;
  /** True: it was changed, and the migrations lead to what it is now already. */
  readonly covered: boolean;
  readonly snapshot: Pick<Snapshot, 'file' | 'takenAt' | 'heads'>;
  /** The migration's; null when none was written. */
  readonly revision: string | null;
  /** Of the migration that makes what the snapshot holds; null unless the folder was empty. */
  readonly baseline: string | null;
  /** Names within the folder of migrations. */
  readonly files: readonly string[];
  readonly steps: readonly Step[];
  readonly down: readonly Step[];
  readonly hazards: readonly Hazard[];
  readonly reversible: boolean;
  readonly notRestored: readonly string[];
  readonly transaction: boolean;
  /** The id of the backup that was made first. */
  readonly backup: string | null;
  /** True when the history of the database says now that it has the migration. */
  readonly applied: boolean;
  /** The snapshot that the next comparison begins at; null when it is still the one above. */
  readonly newSnapshot: string | null;
  /** The texts, when nothing was written. */
  readonly up?: string;
  readonly downText?: string;
}

/**
 * Compares a live database with its last snapshot, and writes what somebody else changed as a migration after the
 * others, proven up and down; what migrations did since is not part of it. An empty folder gets a migration before it,
 * that makes what the snapshot holds. The database itself is not changed: with `apply` its history is.
 *
 * Throws TidemarkError: `snapshot-missing`; `snapshot-damaged`, `snapshot-outdated`; `migrations-pending` (exit code 4)
 * where the migration would come after some that this database has not; `change-unfounded` (4) where it changes what
 * the migrations do not make; `consent-missing` (4) where it loses data that nobody has allowed to be lost; `target-changed` (4); and as `planBetween`, `writeMigration`, `migrateStamp`. What fails
 * before the migration is written leaves everything as it was.
 */
export async function detectChange(
  bench: Workbench,
  session: Connection,
  detection: Detection,
): Promise<DetectedChange> {
  const { place, folder, live, name, dryRun = false, apply = false, signal } = detection;
  if (folder.migrations.length > 0) requireListed(folder);
  const last = await newestSnapshot(place.folder, place);
  if (last === undefined) throw noSnapshot(place, session.label);
  const now = await unlessAborted(readSnapshot(bench, session), signal);
  const position = await readPosition(session, folder);
  const log = await (await migrationEngine(session)).history.readLog();
  const since = await scriptsSince(last, folder, position.history, log);
  const then = stateThen(last, since);
  const plan = await unlessAborted(planBetween(bench, then, live, detection.plan), signal);
  await requireSameSchema(bench, now, plan.to, session.label);
  detection.onPlanned?.(plan);

  const draft = migrationText(name, plan.up, plan.down);
  const found = {
    changed: !isEmptyPlan(plan.up),
    covered: false,
    snapshot: { file: last.file, takenAt: last.takenAt, heads: last.heads },
    revision: null,
    baseline: null,
    files: [],
    steps: plan.up.steps,
    down: plan.down.steps,
    hazards: planHazards(plan.up),
    reversible: draft.notRestored.length === 0,
    notRestored: draft.notRestored,
    transaction: plan.up.transactional,
    backup: null,
    applied: false,
    newSnapshot: null,
  };
  if (!found.changed) return found;
  const base = await baseOf(bench, { folder, last, then, plan: detection.plan });
  if (base.baseline === undefined) {
    if (await leadsTo(bench, base.files, plan.to)) {
      const kept = apply && !dryRun ? await keepSnapshot(place, now, undefined) : undefined;
      return { ...found, covered: true, newSnapshot: kept?.file ?? null };
    }
    if (!dryRun) requireAtHead(folder, position);
    await proveOver(bench, base.files, draft);
  }
  const allowed = await consentTo(planHazards(plan.up), detection.consent, dryRun);
  const text = migrationText(name, plan.up, plan.down, allowed);
  if (dryRun) return { ...found, up: text.up, downText: text.down };

  await requireStillWanted(signal);
  const backup = (await detection.backup?.()) ?? null;
  await requireStillWanted(signal);
  const { naming, afterWrite } = detection;
  const write = (title: string, { up, down }: Pick<MigrationText, 'up' | 'down'>) =>
    writeMigration(folder.path, { name: title, up, down, naming, afterWrite });
  const first = base.baseline && (await write(BASELINE, base.baseline));
  const written = await write(name, text);
  const files = [first?.upFile, first?.downFile, written.upFile, written.downFile];
  const done = {
    ...found,
    revision: written.version,
    baseline: first?.version ?? null,
    files: files.filter((file) => file !== undefined),
    backup,
  };
  if (!apply) return done;
  await record(bench, session, detection, written.version);
  const standing = await readStanding(session);
  const kept = await keepSnapshot(place, { ...now, facts: { ...now.facts, ...standing } }, undefined);
  return { ...done, applied: true, newSnapshot: kept.file };
}

/** What the migration is called that makes what the first snapshot holds. */
const BASELINE = 'baseline';

/** The snapshot, and what migrations did after it. */
function stateThen(last: Snapshot, since: readonly ScriptFile[]): StateSource {
  const label = `the snapshot ${last.file}`;
  const files = [{ name: last.file, sql: last.sql }, ...since].filter(({ sql }) => sql.trim() !== '');
  return files.length === 0 ? { type: 'empty', label } : { type: 'scripts', label, files };
}

interface Base {
  /** The migrations that the new one comes after. */
  readonly files: readonly ScriptFile[];
  /** The one that has to be written before it, proven. */
  readonly baseline: MigrationText | undefined;
}

async function baseOf(
  bench: Workbench,
  parts: {
    readonly folder: MigrationFolder;
    readonly last: Snapshot;
    readonly then: StateSource;
    readonly plan: PlanOptions;
  },
): Promise<Base> {
  const { folder, last, then, plan } = parts;
  if (folder.migrations.length > 0 || last.sql.trim() === '') {
    return { files: migrationsInOrder(folder).map(upScript), baseline: undefined };
  }
  const { up, down } = await planBetween(bench, { type: 'empty', label: 'nothing' }, then, {
    open: plan.open,
  });
  return { files: [], baseline: migrationText(BASELINE, up, down) };
}

async function leadsTo(bench: Workbench, files: readonly ScriptFile[], wanted: Schema): Promise<boolean> {
  if (files.length === 0) return false;
  return diffSchemas(await bench.readScripts(files), wanted, bench.dialect).length === 0;
}

/** The migrations need not lead to what the snapshot holds: so it is tried where the new one will really run. */
async function proveOver(bench: Workbench, files: readonly ScriptFile[], text: MigrationText): Promise<void> {
  const up = { name: 'the migration', sql: text.up };
  const down = { name: 'its reverse', sql: text.down };
  const before = await bench.readScripts(files);
  let left: number;
  try {
    left = diffSchemas(await bench.readScripts([...files, up, down]), before, bench.dialect).length;
  } catch (error) {
    if (!(error instanceof TidemarkError) || !(error.cause instanceof DatabaseError)) throw error;
    throw unfounded(error.message, error);
  }
  if (left > 0) throw unfounded('its reverse does not lead back to them');
}

function unfounded(why: string, cause?: unknown): TidemarkError {
  return new TidemarkError(
    'change-unfounded',
    `what was changed in the database does not follow from the migrations: ${why}`,
    {
      exitCode: 4,
      hints: [
        'Nothing was written. The database had something else than the migrations make when the snapshot was taken already.',
        'Bring the two together first: "tidemark schema diff --from migrations:" shows what is between them.',
      ],
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

function requireAtHead(folder: MigrationFolder, position: Position): void {
  if (folder.migrations.length === 0) return;
  requireKnown(position.comparison);
  requireOneHead(graphOf(folder));
  if (isAtHeads(position)) return;
  const { pending } = statusOf(folder, position);
  throw new TidemarkError(
    'migrations-pending',
    `the new migration would come after ${pending === 1 ? 'one' : pending} that this database has not`,
    {
      exitCode: 4,
      hints: [
        'Nothing was written. Apply what is pending first: tidemark migrate up',
        'If the database has it already, because "schema detect" wrote it or another tool ran it, say so: tidemark migrate stamp head',
      ],
      details: { pending },
    },
  );
}

function noSnapshot({ folder, environment, database }: SnapshotPlace, label: string): TidemarkError {
  return new TidemarkError(
    'snapshot-missing',
    `there is no snapshot of ${label} to compare with (environment "${environment}", database "${database}", in ${folder})`,
    {
      exitCode: 2,
      hints: [
        'Take one, then changes from then on are found: tidemark schema snapshot',
        'What it has besides its migrations shows now: tidemark schema diff --from migrations:',
      ],
    },
  );
}

/** What is written down is what the plan was made from, though the database was read twice. */
async function requireSameSchema(
  bench: Workbench,
  { schema }: ReadSnapshot,
  planned: Schema,
  label: string,
): Promise<void> {
  const now = await inDevTerms(bench, schema);
  if (diffSchemas(now, planned, bench.dialect).length > 0) throw movedMeanwhile(label);
}

/** The history says from now on that the database has what it has. */
async function record(
  bench: Workbench,
  session: Connection,
  { folder, lockTimeoutMs, signal }: Detection,
  revision: string,
): Promise<void> {
  const after = await readMigrationFolder(folder.path);
  try {
    await migrateStamp(session, after, bench.dialect, { targets: [revision], lockTimeoutMs, signal });
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    const { code, message, exitCode, hints, details, cause } = error;
    throw new TidemarkError(code, `the migration is written, but not recorded in the database: ${message}`, {
      ...{ exitCode, cause },
      hints: [...hints, `Record it once that is settled: tidemark migrate stamp ${revision}`],
      details: { ...details, revision, folder: folder.path },
    });
  }
}
