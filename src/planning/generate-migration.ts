import { requireStillWanted, unlessAborted } from '../migrations/abort.js';
import { graphOf } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { requireOneHead } from '../migrations/new-revision.js';
import { requireListed } from '../migrations/require-listed.js';
import { type NewMigration, type WrittenMigration, writeMigrations } from '../migrations/write-migration.js';
import { type Consent, consentTo } from '../safety/consent.js';
import type { Hazard } from '../schema/kind.js';
import { isEmptyPlan, planHazards, type Step } from '../schema/plan.js';
import { type PlanBetween, type PlanOptions, planBetween } from './plan-between.js';
import type { PlanPart } from './prove-parts.js';
import { migrationState } from './resolve-source.js';
import type { StateSource } from './state-source.js';
import { unmanagedNames } from './unmanaged-names.js';
import type { Workbench } from './workbench.js';
import { type MigrationText, migrationText, partNames } from './write-migration.js';

/** What is to be generated. */
export interface Generation extends Pick<NewMigration, 'naming' | 'afterWrite'> {
  /** The migrations that lead to where the new one begins. */
  readonly folder: MigrationFolder;
  /** Where it is to lead. */
  readonly wanted: StateSource;
  readonly name: string;
  /** Write nothing, and give the texts. */
  readonly dryRun?: boolean | undefined;
  readonly plan: PlanOptions;
  /** What may be lost. Default: nothing. */
  readonly consent?: Consent | undefined;
  /** Called with the plan before anything is written. */
  readonly onPlanned?: ((plan: PlanBetween) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A generated migration, or the word that there is nothing to do. Plain data: what `--json` prints. */
export type GeneratedMigration =
  | { readonly changed: false; readonly steps: readonly Step[]; readonly unmanaged: readonly string[] }
  | {
      readonly changed: true;
      /** The last one, where it leads. Null when nothing was written. */
      readonly revision: string | null;
      /** Names within the folder, each reverse behind its migration. */
      readonly files: readonly string[];
      /** In order: several, each with a reverse, where the steps cannot share a transaction. */
      readonly migrations: readonly GeneratedPart[];
      readonly steps: readonly Step[];
      readonly down: readonly Step[];
      readonly hazards: readonly Hazard[];
      readonly reversible: boolean;
      /** What the reverse cannot bring back, one sentence each. */
      readonly notRestored: readonly string[];
      /** True when all of it is one transaction. */
      readonly transaction: boolean;
      /** What the wanted state has that Tidemark does not manage. */
      readonly unmanaged: readonly string[];
      /** The texts, when nothing was written: of all migrations in the order in which they run. */
      readonly up?: string;
      readonly downText?: string;
    };

/** One of the migrations that were generated. */
export interface GeneratedPart {
  readonly name: string;
  /** Null when nothing was written. */
  readonly revision: string | null;
  readonly files: readonly string[];
  readonly steps: readonly Step[];
  readonly down: readonly Step[];
  /** False when it runs statement by statement. */
  readonly transaction: boolean;
  /** The texts, when nothing was written. */
  readonly up?: string;
  readonly downText?: string;
}

/**
 * Writes the migration, or the migrations, from the state after all migrations to the wanted one, proven up and down. Throws
 * TidemarkError `consent-missing` (exit code 4) where it loses data that nobody has allowed to be lost, as `planBetween` and `writeMigration` do, `sum-missing`, `sum-mismatch`, `several-heads`, and `aborted`; then
 * nothing was written.
 */
export async function generateMigration(
  bench: Workbench,
  generation: Generation,
): Promise<GeneratedMigration> {
  const { folder, wanted, name, dryRun = false, signal, naming, afterWrite } = generation;
  requireListed(folder);
  requireOneHead(graphOf(folder));
  const current = migrationState(folder, undefined);
  const plan = await unlessAborted(planBetween(bench, current, wanted, generation.plan), signal);
  generation.onPlanned?.(plan);
  const unmanaged = unmanagedNames(plan.unmanaged.to);
  if (isEmptyPlan(plan.up)) return { changed: false, steps: [], unmanaged };
  const allowed = await consentTo(planHazards(plan.up), generation.consent, dryRun);
  const names = partNames(name, plan.parts);
  const texts = plan.parts.map(({ up, down }, index) => migrationText(names[index]!, up, down, allowed));
  await requireStillWanted(signal);
  const given = texts.map(({ up, down }, index) => ({ name: names[index]!, up, down, naming, afterWrite }));
  const written = dryRun ? [] : await writeMigrations(folder.path, given);
  await rememberStates(bench, current, plan.parts, texts, written);
  const migrations = plan.parts.map((part, index) => ({
    name: names[index]!,
    revision: written[index]?.version ?? null,
    files: filesOf(written[index]),
    steps: part.up.steps,
    down: part.down.steps,
    transaction: part.up.transactional,
    ...(dryRun ? { up: texts[index]!.up, downText: texts[index]!.down } : {}),
  }));
  const notRestored = texts.flatMap((text) => text.notRestored);
  return {
    changed: true,
    revision: written.at(-1)?.version ?? null,
    files: written.flatMap(filesOf),
    migrations,
    steps: plan.up.steps,
    down: plan.down.steps,
    hazards: planHazards(plan.up),
    reversible: notRestored.length === 0,
    notRestored,
    transaction: plan.parts.length === 1 && plan.up.transactional,
    unmanaged,
    ...(dryRun ? joined(texts) : {}),
  };
}

function filesOf(written: WrittenMigration | undefined): string[] {
  return [written?.upFile, written?.downFile].filter((file) => file !== undefined);
}

/** All texts in the order in which they run, there and back. */
function joined(texts: readonly MigrationText[]): { readonly up: string; readonly downText: string } {
  return {
    up: texts.map(({ up }) => up).join('\n'),
    downText: texts
      .map(({ down }) => down)
      .reverse()
      .join('\n'),
  };
}

/** What was just proven need not be run again to be known. */
async function rememberStates(
  bench: Workbench,
  current: StateSource,
  parts: readonly PlanPart[],
  texts: readonly MigrationText[],
  written: readonly WrittenMigration[],
): Promise<void> {
  const files = current.type === 'scripts' ? [...current.files] : [];
  for (const [index, { upFile }] of written.entries()) {
    files.push({ name: upFile, sql: texts[index]!.up });
    const reached = parts[index]?.reached;
    if (reached !== undefined) await bench.rememberState(files, reached);
  }
}
