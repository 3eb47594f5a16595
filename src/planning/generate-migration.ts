import { requireStillWanted, unlessAborted } from '../migrations/abort.js';
import { graphOf } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { requireOneHead } from '../migrations/new-revision.js';
import { requireListed } from '../migrations/require-listed.js';
import { type NewMigration, writeMigration } from '../migrations/write-migration.js';
import { type Consent, consentTo } from '../safety/consent.js';
import type { Hazard } from '../schema/kind.js';
import { isEmptyPlan, planHazards, type Step } from '../schema/plan.js';
import { type PlanBetween, type PlanOptions, planBetween } from './plan-between.js';
import { migrationState } from './resolve-source.js';
import type { StateSource } from './state-source.js';
import { unmanagedNames } from './unmanaged-names.js';
import type { Workbench } from './workbench.js';
import { migrationText } from './write-migration.js';

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
      /** Null when nothing was written. */
      readonly revision: string | null;
      /** Names within the folder, the reverse's last. */
      readonly files: readonly string[];
      readonly steps: readonly Step[];
      readonly down: readonly Step[];
      readonly hazards: readonly Hazard[];
      readonly reversible: boolean;
      /** What the reverse cannot bring back, one sentence each. */
      readonly notRestored: readonly string[];
      readonly transaction: boolean;
      /** What the wanted state has that Tidemark does not manage. */
      readonly unmanaged: readonly string[];
      /** The texts, when nothing was written. */
      readonly up?: string;
      readonly downText?: string;
    };

/**
 * Writes the migration from the state after all migrations to the wanted one, proven up and down. Throws
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
  const text = migrationText(name, plan.up, plan.down, allowed);
  await requireStillWanted(signal);
  const written = dryRun
    ? undefined
    : await writeMigration(folder.path, { name, up: text.up, down: text.down, naming, afterWrite });
  if (written && plan.proven) {
    const before = current.type === 'scripts' ? current.files : [];
    await bench.rememberState([...before, { name: written.upFile, sql: text.up }], plan.proven);
  }
  return {
    changed: true,
    revision: written?.version ?? null,
    files: written ? [written.upFile, written.downFile].filter((file) => file !== undefined) : [],
    steps: plan.up.steps,
    down: plan.down.steps,
    hazards: planHazards(plan.up),
    reversible: text.notRestored.length === 0,
    notRestored: text.notRestored,
    transaction: plan.up.transactional,
    unmanaged,
    ...(dryRun ? { up: text.up, downText: text.down } : {}),
  };
}
