import type { MergeProof } from '../planning/merge-heads.js';
import type { MovedMigration } from '../planning/rebase-migrations.js';
import type { Hazard } from '../schema/kind.js';
import type { Step } from '../schema/plan.js';
import type { RenameOptions } from './planning.js';
import type { CallOptions, ProjectSession } from './project-session.js';

interface RewriteOptions extends CallOptions {
  /** Prove it, and write nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface MergeOptions extends RewriteOptions {
  /** Heads to join. Default: all of them. */
  readonly heads?: readonly string[] | undefined;
  /** Default `merge`. */
  readonly name?: string | undefined;
  readonly revision?: string | undefined;
  /** The label of the line that begins with it. */
  readonly branch?: string | undefined;
}

/** A migration that joins heads; unchanged when there is only one. */
export interface MergedHeads {
  readonly changed: boolean;
  /** Null when nothing was written. */
  readonly revision: string | null;
  readonly files: readonly string[];
  readonly parents: readonly string[];
  readonly proof: MergeProof | null;
  /** With `dryRun`: the text of both files. */
  readonly up?: string | undefined;
  readonly downText?: string | undefined;
}

export interface RebaseOptions extends RewriteOptions {
  /** What is to move. Default: what the database shows plainly. */
  readonly revisions?: readonly string[] | undefined;
  /** What they are to follow. Default: the one head of the rest. */
  readonly onto?: string | undefined;
}

/** Migrations that were moved after others. */
export interface RebasedMigrations {
  readonly changed: boolean;
  readonly written: boolean;
  readonly onto: string | null;
  readonly moved: readonly MovedMigration[];
  readonly withoutDown: readonly string[];
  readonly notLeadingBack: readonly string[];
}

export interface SquashOptions extends RewriteOptions, RenameOptions {
  /** `A:B`, both included. */
  readonly range: string;
  /** Default `squash`. */
  readonly name?: string | undefined;
  /** Put the texts together instead of planning the difference. */
  readonly keepStatements?: boolean | undefined;
}

/** One migration made of many. */
export interface SquashedMigrations {
  readonly revision: string;
  readonly replaces: readonly string[];
  readonly files: readonly string[];
  /** Where the originals are now. */
  readonly moved: readonly string[];
  readonly steps: readonly Step[];
  readonly hazards: readonly Hazard[];
  readonly notRestored: readonly string[];
  readonly written: boolean;
  readonly up: string;
  readonly downText: string | null;
}

/** The calls of `tidemark migrate` that rearrange the folder, each proven on the dev database before. */
export interface MigrateRewriteApi {
  /** Joins heads with a migration that follows them all. */
  merge(options?: MergeOptions): Promise<MergedHeads>;
  /** Moves migrations that are not applied yet after those that came in. */
  rebase(options?: RebaseOptions): Promise<RebasedMigrations>;
  /** Makes one migration of many. */
  squash(options: SquashOptions): Promise<SquashedMigrations>;
}

export function migrateRewriteApi(project: ProjectSession): MigrateRewriteApi {
  const { migrations, newMigrations } = project.environment;
  const { naming, afterWrite } = newMigrations;
  const load = async () => ({
    ...(await import('./planning.js')),
    ...(await import('../migrations/abort.js')),
    ...(await import('../migrations/compare-history.js')),
    ...(await import('../migrations/require-listed.js')),
    ...(await import('../migrations/rewrite-folder.js')),
  });
  return {
    async merge({ heads: named = [], name = 'merge', revision, branch, dryRun = false, signal } = {}) {
      const { atWorkbench, graphOf, requireListed, requireStillWanted, unlessAborted } = await load();
      const { headsToMerge, mergeText, proveMerge } = await import('../planning/merge-heads.js');
      const { placeNewRevision } = await import('../migrations/new-revision.js');
      const { writeMigration } = await import('../migrations/write-migration.js');
      return atWorkbench(project, { signal }, [], async (bench, given): Promise<MergedHeads> => {
        const folder = await project.folder();
        requireListed(folder);
        const graph = graphOf(folder);
        const parents = headsToMerge(graph, named);
        const nothing = { revision: null, files: [], parents, proof: null };
        if (parents.length < 2) return { changed: false, ...nothing };
        placeNewRevision(graph, { head: parents[0], branch });
        const proof = await unlessAborted(proveMerge(bench, folder, parents), given);
        const text = mergeText(graph, parents);
        if (dryRun) return { changed: true, ...nothing, proof, up: text.up, downText: text.down };
        await requireStillWanted(given);
        const what = { name, version: revision, branch, parents, ...text, naming, afterWrite };
        const { version, upFile, downFile } = await writeMigration(migrations, what);
        const files = [upFile, downFile].filter((file) => file !== undefined);
        return { changed: true, revision: version, files, parents, proof };
      });
    },
    async rebase({ revisions = [], onto: wanted, dryRun = false, signal } = {}) {
      const { atWorkbench, graphOf, requireListed, requireStillWanted, rewriteFolder, unlessAborted } =
        await load();
      const { readPosition } = await import('../migrations/status.js');
      const { rebaseGround, revisionsToRebase } = await import('../planning/rebase-choice.js');
      const { planRebase } = await import('../planning/rebase-migrations.js');
      const { publishedFiles } = await import('../project/published-files.js');
      const folder = await project.folder();
      requireListed(folder);
      const graph = graphOf(folder);
      const files = await publishedFiles(folder.path);
      const ground = await project.look({ signal }, async (session) =>
        rebaseGround(folder, (await readPosition(session, folder)).comparison, files),
      );
      const chosen = revisionsToRebase(graph, revisions, ground);
      const nothing = { changed: false, written: false, moved: [], withoutDown: [], notLeadingBack: [] };
      if (chosen.length === 0) return { ...nothing, onto: null };
      return atWorkbench(project, { signal }, [], async (bench, given): Promise<RebasedMigrations> => {
        const applied = ground.database?.applied ?? new Set();
        const request = { folder, moved: chosen, onto: wanted, applied, now: new Date(), naming };
        const { changes, ...planned } = await unlessAborted(planRebase(bench, request), given);
        if (planned.moved.length === 0) return { ...nothing, onto: planned.onto };
        await requireStillWanted(given);
        if (!dryRun) await rewriteFolder(migrations, changes, { afterWrite });
        return { changed: true, written: !dryRun, ...planned };
      });
    },
    async squash({ range, name = 'squash', keepStatements = false, dryRun = false, signal, ...renames }) {
      const { atWorkbench, planOptions, requireListed, requireStillWanted, rewriteFolder, unlessAborted } =
        await load();
      const { planSquash } = await import('../planning/squash-migrations.js');
      return atWorkbench(project, { signal }, [], async (bench, given): Promise<SquashedMigrations> => {
        const folder = await project.folder();
        requireListed(folder);
        const nothing = { type: 'empty', label: 'nothing' } as const;
        const plan = planOptions(project, bench, nothing, renames, 'refuse');
        const request = { folder, range, name, keepStatements, plan };
        const planned = await unlessAborted(planSquash(bench, request), given);
        await requireStillWanted(given);
        if (!dryRun) await rewriteFolder(migrations, planned.changes, { afterWrite });
        const { revision, replaces, steps, hazards, notRestored, upFile, downFile, up, downText } = planned;
        const files = [upFile, downFile].filter((file) => file !== undefined);
        const moved = [...(planned.changes.rename?.values() ?? [])];
        const facts = { revision, replaces, files, moved, steps, hazards, notRestored };
        return { ...facts, written: !dryRun, up, downText: downText ?? null };
      });
    },
  };
}
