import { TidemarkError } from '../errors.js';
import { graphOf } from '../migrations/compare-history.js';
import { withDirectives } from '../migrations/directive-lines.js';
import { slugOf } from '../migrations/file-naming.js';
import { folderOfTexts, type MigrationFolder } from '../migrations/folder.js';
import { ancestorsOf } from '../migrations/graph/reach.js';
import { buildGraph, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { type Migration, parseFileName } from '../migrations/migration-file.js';
import type { FolderChanges } from '../migrations/rewrite-folder.js';
import { SQUASHED_FOLDER } from '../migrations/squashes.js';
import { unfoldSquashes } from '../migrations/unfold-squashes.js';
import { compareStems, nextVersion, stemParts } from '../migrations/version.js';
import type { Hazard } from '../schema/kind.js';
import type { Schema } from '../schema/object.js';
import { planHazards, type Step } from '../schema/plan.js';
import { type BeyondSchema, beyondSchema } from './beyond-schema.js';
import { upScript } from './migration-scripts.js';
import { type PlanOptions, planBetween } from './plan-between.js';
import { differencesBetween, type RefusedMigration, rehearse } from './rehearse.js';
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
 * (exit code 4) with the list of what a schema difference would lose; `squash-not-joinable`; `squash-labels` for
 * several branch labels; `squash-place` when no file name keeps the order of the others; `squash-different` when
 * the proof fails; and as `planBetween`.
 */
export async function planSquash(bench: Workbench, request: SquashRequest): Promise<PlannedSquash> {
  const { folder, name } = request;
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
  const planned = plannedFolder(folder, write, rename);
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

/** Where the squash goes: right after the last of its originals, so that what followed that goes on following it. */
function placeSquash(
  folder: MigrationFolder,
  graph: RevisionGraph,
  members: readonly Migration[],
  name: string,
): {
  readonly version: string;
  readonly stem: string;
  readonly directives: Parameters<typeof withDirectives>[1];
} {
  const [first] = members;
  const last = members.at(-1);
  if (first === undefined || last === undefined) throw new Error('nothing to squash');
  const at = folder.migrations.indexOf(last);
  const outside = (migration: Migration): boolean => !members.includes(migration);
  const previous = folder.migrations.slice(0, at).filter(outside).at(-1);
  const next = folder.migrations.slice(at + 1).find(outside);
  const { version, stem } = nameAfter(folder, graph, last, next, name);
  const parents = graph.byId.get(first.version)?.parents ?? [];
  const implied = parents.join() === (previous === undefined ? '' : previous.version);
  const labels = members.flatMap(({ directives }) => directives.branch ?? []);
  if (labels.length > 1) {
    throw new TidemarkError('squash-labels', `the range has several branch labels: ${labels.join(', ')}`, {
      exitCode: 2,
      hints: ['One migration has one label: squash what belongs to each, for itself.'],
      details: { labels },
    });
  }
  const own = new Set(members.map((migration) => migration.version));
  const dependsOn = members.flatMap(({ directives }) => directives.dependsOn).filter((id) => !own.has(id));
  return {
    version,
    stem,
    directives: {
      ...(parseFileName(`${stem}.sql`)?.version === version ? {} : { revision: version }),
      ...(implied && first.directives.parents === undefined ? {} : { parents }),
      ...(dependsOn.length === 0 ? {} : { dependsOn: [...new Set(dependsOn)] }),
      ...(labels[0] === undefined ? {} : { branch: labels[0] }),
      replaces: members.map((migration) => migration.version),
    },
  };
}

/** The same for everybody who squashes the same range: then two of them have made the same file. */
function nameAfter(
  folder: MigrationFolder,
  graph: RevisionGraph,
  last: Migration,
  next: Migration | undefined,
  name: string,
): { readonly version: string; readonly stem: string } {
  const stemOf = (file: string): string => parseFileName(file)?.stem ?? file;
  const lastStem = stemOf(last.file);
  const isNamed = parseFileName(last.file)?.version === last.version;
  const taken = new Set([...graph.byId.keys(), ...graph.aliases.keys()]);
  const isTaken = (version: string): boolean =>
    taken.has(version) || folder.squashed.some((migration) => migration.version === version);
  const candidates = [
    ...(/^\d{14}$/.test(last.version) ? [nextVersion(last.version, new Date(0))] : []),
    ...Array.from({ length: 99 }, (_, at) => `${last.version}.${at + 1}`),
  ];
  for (const version of candidates) {
    const stem = isNamed ? `${version}_${slugOf(name)}` : `${lastStem}_${version}_${slugOf(name)}`;
    const isAfter = compareStems(stemParts(lastStem), stemParts(stem)) < 0;
    const isBefore = next === undefined || compareStems(stemParts(stem), stemParts(stemOf(next.file))) < 0;
    if (isAfter && isBefore && !isTaken(version)) return { version, stem };
  }
  throw noPlace(`no file name stands between ${last.file} and ${next?.file ?? 'the end'}`, last);
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

/** The folder as it would be, with every check of reading it. */
function plannedFolder(
  folder: MigrationFolder,
  write: ReadonlyMap<string, string>,
  rename: ReadonlyMap<string, string>,
): MigrationFolder {
  const texts = new Map<string, string>();
  for (const { file, up, down } of [...folder.migrations, ...folder.squashed]) {
    texts.set(rename.get(file) ?? file, up);
    if (down !== undefined) texts.set(rename.get(down.file) ?? down.file, down.sql);
  }
  for (const [file, text] of write) texts.set(file, text);
  return folderOfTexts(folder.path, texts);
}

/** What is not squashed must follow what it followed, with the squash and with its originals in its place. */
function requireSameGraph(
  old: RevisionGraph,
  planned: MigrationFolder,
  members: readonly Migration[],
  squash: string,
): void {
  const own = new Set(members.map(({ version }) => version));
  const rows = members.map(({ version, name }) => ({ revision: version, name, state: 'applied' as const }));
  const unfolded = buildGraph(unfoldSquashes(planned, rows).inputs);
  const within = graphWith(planned, squash);
  const same = (one: readonly string[], other: readonly string[]): boolean =>
    [...one].sort().join() === [...other].sort().join();
  for (const { id, parents, file } of old.byId.values()) {
    const now = within.byId.get(id)?.parents ?? [];
    const meant = [...new Set(parents.map((parent) => (own.has(parent) ? squash : parent)))];
    const stays = own.has(id) || same(meant, now);
    if (stays && same(parents, unfolded.byId.get(id)?.parents ?? [])) continue;
    const member = members.find(({ version }) => version === id);
    throw noPlace(`${file ?? id} would follow another migration than now`, member);
  }
}

/** A circle can only close through what the originals and another line depend on of one another. */
function graphWith(planned: MigrationFolder, squash: string): RevisionGraph {
  try {
    return graphOf(planned);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'graph-cycle') throw error;
    throw new TidemarkError(
      'squash-branches',
      'a squash is one step, and another line needs a part of this range before the rest of it can run',
      {
        exitCode: 2,
        hints: ['Choose a range that ends at what the other line depends on, or begins after it.'],
        details: { ...error.details, revision: squash },
      },
    );
  }
}

function noPlace(message: string, migration: Migration | undefined): TidemarkError {
  return new TidemarkError('squash-place', message, {
    ...(migration === undefined ? {} : { location: { file: migration.path, line: 1 } }),
    hints: [
      'Nothing was written. Say with "-- tidemark:parent" in that file what it follows, if no database has it yet; or choose another range.',
    ],
  });
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
