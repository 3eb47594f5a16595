import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { ATLAS_SUM } from '../migrations/atlas-sum.js';
import { graphOf } from '../migrations/compare-history.js';
import { withDirectives } from '../migrations/directive-lines.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { folderAfter } from '../migrations/folder-after.js';
import { ancestorsOf } from '../migrations/graph/reach.js';
import type { Migration } from '../migrations/migration-file.js';
import type { FolderChanges } from '../migrations/rewrite-folder.js';
import { SQUASHED_FOLDER } from '../migrations/squashes.js';
import type { Hazard } from '../schema/kind.js';
import type { Schema } from '../schema/object.js';
import { planHazards, type Step } from '../schema/plan.js';
import { type BeyondSchema, beyondSchema } from './beyond-schema.js';
import { upScript } from './migration-scripts.js';
import { type PlanOptions, planBetween } from './plan-between.js';
import { differencesBetween, type RefusedMigration, rehearse } from './rehearse.js';
import { placeSquash, requireSameGraph } from './squash-place.js';
import { squashRange } from './squash-range.js';
import { joinedText } from './squash-text.js';
import type { StateSource } from './state-source.js';
import { unmanagedNames } from './unmanaged-names.js';
import type { Workbench } from './workbench.js';
import { migrationText } from './write-migration.js';

/** What is to be squashed. */
export interface SquashRequest {
  readonly folder: MigrationFolder;
  /** `A:B`, both included. */
  readonly range: string;
  readonly name: string;
  /** Put the texts together instead of planning the difference. */
  readonly keepStatements: boolean;
  readonly plan: PlanOptions;
}

/** A squash that is proven and not written yet. */
export interface PlannedSquash {
  readonly revision: string;
  readonly replaces: readonly string[];
  readonly upFile: string;
  readonly downFile: string | undefined;
  readonly up: string;
  readonly downText: string | undefined;
  /** Empty where the texts are kept. */
  readonly steps: readonly Step[];
  readonly hazards: readonly Hazard[];
  /** What the reverse cannot bring back, one sentence each. */
  readonly notRestored: readonly string[];
  /** For `rewriteFolder`. */
  readonly changes: FolderChanges;
}

/**
 * Makes one migration of a line of them, and proves on the dev database that it leads from the state before them to
 * the state after them, and its reverse back. Writes nothing. Throws TidemarkError: as `squashRange`; `squash-refused`
 * (exit code 4) with the list of what a schema difference would lose; `squash-atlas` (4) beside an `atlas.sum`; `squash-not-joinable`; `squash-labels` for
 * several branch labels; `squash-place` when no file name keeps the order of the others; `squash-different` when
 * the proof fails; and as `planBetween`.
 */
export async function planSquash(bench: Workbench, request: SquashRequest): Promise<PlannedSquash> {
  const { folder, name } = request;
  requireNoAtlas(folder.path);
  const graph = graphOf(folder);
  const ids = squashRange(graph, request.range);
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const members = ids.flatMap((id) => files.get(id) ?? []);
  const needed = ancestorsOf(graph, ids);
  const before = graph.order.flatMap(({ id }) =>
    needed.has(id) && !ids.includes(id) ? (files.get(id) ?? []) : [],
  );
  const place = placeSquash(folder, graph, members, name);
  const states = { before: stateOf(before), after: stateOf([...before, ...members]) };
  const text = request.keepStatements
    ? { ...(await joinedText(place.stem, members, bench.dialect)), steps: [], hazards: [], notRestored: [] }
    : await plannedText(bench, members, states, place.stem, request.plan);

  const up = withDirectives(text.up, place.directives);
  const upFile = `${place.stem}.sql`;
  const downFile = text.down === undefined ? undefined : `${place.stem}.down.sql`;
  const write = new Map([[upFile, up]]);
  if (downFile !== undefined && text.down !== undefined) write.set(downFile, text.down);
  const rename = new Map(
    members
      .flatMap(({ file, down }) => (down === undefined ? [file] : [file, down.file]))
      .map((file) => [file, `${SQUASHED_FOLDER}/${file}`]),
  );
  const planned = folderAfter(folder, { write, rename });
  requireSameGraph(graph, planned, members, place.version);
  const squash = planned.migrations.find(({ version }) => version === place.version);
  if (squash === undefined) throw new Error(`${upFile} is no migration`);
  await proveSquash(bench, before, squash, states);
  return {
    revision: place.version,
    replaces: ids,
    upFile,
    downFile,
    up,
    downText: text.down,
    steps: text.steps,
    hazards: text.hazards,
    notRestored: text.notRestored,
    changes: { write, rename },
  };
}

/** Atlas knows nothing of originals: it would run the squash on databases that have them. */
function requireNoAtlas(path: string): void {
  if (!existsSync(join(path, ATLAS_SUM))) return;
  throw new TidemarkError(
    'squash-atlas',
    `Atlas keeps ${path} too, and would run a squash on databases that have its originals already`,
    {
      exitCode: 4,
      hints: [`When Atlas is used no more, delete ${ATLAS_SUM}, and squash then.`],
    },
  );
}

interface States {
  readonly before: StateSource;
  readonly after: StateSource;
}

function stateOf(migrations: readonly Migration[]): StateSource {
  const label = migrations.at(-1)?.file ?? 'nothing';
  return migrations.length === 0
    ? { type: 'empty', label }
    : { type: 'scripts', label, files: migrations.map(upScript) };
}

function read(bench: Workbench, state: StateSource): Schema | Promise<Schema> {
  return state.type === 'scripts' ? bench.readScripts(state.files) : bench.empty();
}

async function plannedText(
  bench: Workbench,
  members: readonly Migration[],
  states: States,
  name: string,
  options: PlanOptions,
): Promise<Pick<PlannedSquash, 'up' | 'steps' | 'hazards' | 'notRestored'> & { readonly down: string }> {
  const before = await read(bench, states.before);
  // A program is refused in any case, and need not run for that.
  const runs = members.every(({ language }) => language === 'sql');
  const after = runs ? await read(bench, states.after) : before;
  const lost = await beyondSchema(members, bench.dialect, before, after);
  if (lost.length > 0) throw refused(lost);
  const { up, down, from, to } = await planBetween(bench, states.before, states.after, options);
  const [there, then] = [unmanagedNames(from.unmanaged), unmanagedNames(to.unmanaged)];
  const unmanaged = [
    ...then.filter((one) => !there.includes(one)),
    ...there.filter((one) => !then.includes(one)),
  ];
  const hazards = planHazards(up);
  const losses = hazards.filter(({ level }) => level === 'data-loss');
  if (unmanaged.length + losses.length > 0) {
    throw refused([
      ...unmanaged.map((one) => ({ ...atTop(members), sql: one, reason: 'is not managed by Tidemark' })),
      ...losses.map(({ subject, message }) => ({ ...atTop(members), sql: subject, reason: message })),
    ]);
  }
  const text = migrationText(name, up, down);
  const words = up.steps.length === 0 ? '-- What it was made of has cancelled itself out.\n' : '';
  return { ...text, up: words + text.up, steps: up.steps, hazards };
}

function atTop([first]: readonly Migration[]): { file: string; line: number } {
  return { file: first?.path ?? '', line: 1 };
}

function refused(found: readonly BeyondSchema[]): TidemarkError {
  const [first] = found;
  return new TidemarkError(
    'squash-refused',
    found.length === 1
      ? 'one statement has an effect that a schema difference would lose'
      : `${found.length} statements have an effect that a schema difference would lose`,
    {
      exitCode: 4,
      ...(first === undefined ? {} : { location: { file: first.file, line: first.line } }),
      excerpt: found.map(({ file, line, sql, reason }) => `${file}:${line}: ${sql} (${reason})`).join('\n'),
      hints: [
        'Nothing was written. --keep-statements puts the texts together as they are, so that nothing is lost;',
        'or squash what comes before and after them, each for itself. A column that was renamed is named with --rename OLD=NEW.',
      ],
      details: { statements: found },
    },
  );
}

async function proveSquash(
  bench: Workbench,
  before: readonly Migration[],
  squash: Migration,
  states: States,
): Promise<void> {
  const { states: reached, downs } = await rehearse(bench, before, [squash], (refusal) => fails(refusal));
  const wanted = await read(bench, states.after);
  const differences = differencesBetween(bench, reached.at(-1) ?? reached[0], wanted);
  if (differences.length > 0)
    throw different('the squash ends in another schema than what it was made of', differences);
  for (const { outcome, differences: left } of downs) {
    if (outcome === 'different')
      throw different('the reverse of the squash does not lead back to what was before', left);
  }
}

function fails({ direction, error }: RefusedMigration): TidemarkError {
  const way = direction === 'up' ? 'the squash' : 'the reverse of the squash';
  return new TidemarkError('squash-different', `the dev database refuses ${way}: ${error.message}`, {
    ...(error.excerpt === undefined ? {} : { excerpt: error.excerpt }),
    hints: [
      'Nothing was written. The texts do not run one after the other in one file: choose a smaller range.',
    ],
    details: { direction },
    cause: error.cause,
  });
}

function different(message: string, differences: readonly string[]): TidemarkError {
  return new TidemarkError('squash-different', message, {
    excerpt: differences.join('\n'),
    hints: ['Nothing was written. The lines above say what is still to be done to get there.'],
    details: { differences },
  });
}
