import { TidemarkError } from '../errors.js';
import { graphOf } from '../migrations/compare-history.js';
import { type DirectiveLines, withDirectives } from '../migrations/directive-lines.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { folderAfter } from '../migrations/folder-after.js';
import { ancestorsOf, lineBelow } from '../migrations/graph/reach.js';
import { describeRevision, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { resolveOne } from '../migrations/graph/target.js';
import { type Migration, parseFileName } from '../migrations/migration-file.js';
import type { FolderChanges } from '../migrations/rewrite-folder.js';
import { isSquash } from '../migrations/squashes.js';
import { compareStems, nextNumber, nextVersion, stemParts } from '../migrations/version.js';
import { proveRebase, type RebaseProof } from './rebase-proof.js';
import type { Workbench } from './workbench.js';

/** What is to be moved. */
export interface RebaseRequest {
  readonly folder: MigrationFolder;
  /** In order; see `revisionsToRebase`. */
  readonly moved: readonly string[];
  /** What they are to follow, as a target. Default: the one head of the rest. */
  readonly onto: string | undefined;
  /** Applied in the environment's database: those stay where they are. */
  readonly applied: ReadonlySet<string>;
  readonly now: Date;
  readonly naming: {
    readonly revision?: 'timestamp' | 'number' | undefined;
    readonly timeZone?: string | undefined;
  };
}

/** A migration that moves. */
export interface MovedMigration {
  readonly from: string;
  readonly to: string;
  /** The forward file's names, before and after. */
  readonly file: string;
  readonly newFile: string;
}

/** A rebase that is proven and not written yet. */
export interface PlannedRebase extends RebaseProof {
  /** Null: base. */
  readonly onto: string | null;
  /** Empty: they stand there already. */
  readonly moved: readonly MovedMigration[];
  /** For `rewriteFolder`. */
  readonly changes: FolderChanges;
}

/**
 * Puts migrations after another: with new revisions at the end of the folder, so that file order is the order in which
 * they run, their directives rewritten, and proves on the dev database that they run there and that each reverse
 * leads back. Writes nothing. Throws TidemarkError: `rebase-applied` (exit code 4); with exit code 2
 * `rebase-squash`, `rebase-needed` when one that stays needs one that moves, `rebase-onto`, `several-heads`, and
 * as `resolveOne`; `rebase-conflict` when the proof fails, with the place or what differs.
 */
export async function planRebase(bench: Workbench, request: RebaseRequest): Promise<PlannedRebase> {
  const { folder, applied } = request;
  const graph = graphOf(folder);
  const own = new Set(withoutGround(graph, request));
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const moved = request.moved.flatMap((id) => (own.has(id) ? (files.get(id) ?? []) : []));
  requireMovable(graph, moved, own, applied, folder);
  const onto = ontoOf(graph, own, request.onto);

  const ids = newIds(request, moved);
  const rest = folder.migrations.filter(({ version }) => !own.has(version));
  const renamed = inFileOrder([
    ...rest.map((migration) => ({ migration, stem: stemOf(migration.file) })),
    ...moved.map((migration) => ({ migration, stem: newStem(migration, ids) })),
  ]);
  if (standsThere(graph, folder, moved, onto)) {
    return { onto: onto ?? null, moved: [], withoutDown: [], notLeadingBack: [], changes: {} };
  }
  const write = new Map<string, string>();
  const rename = new Map<string, string>();
  const list: MovedMigration[] = [];
  for (const [at, { migration, stem }] of renamed.entries()) {
    if (!own.has(migration.version)) continue;
    const previous = renamed[at - 1]?.migration.version;
    const parents = newParents(graph, migration.version, own, onto, ids);
    const isImplied = parents.join() === (previous === undefined ? '' : (ids.get(previous) ?? previous));
    const newFile = migration.file.replace(stemOf(migration.file), stem);
    const lines = directivesFor(migration, stem, ids, isImplied ? undefined : parents, parents);
    const text = withDirectives(migration.up, lines, migration.language);
    if (newFile !== migration.file) rename.set(migration.file, newFile);
    if (text !== migration.up) write.set(newFile, text);
    const { down } = migration;
    const newDown = down?.file.replace(stemOf(down.file), stem);
    if (down !== undefined && newDown !== undefined && newDown !== down.file) rename.set(down.file, newDown);
    list.push({
      from: migration.version,
      to: ids.get(migration.version) ?? '',
      file: migration.file,
      newFile,
    });
  }
  requireSameRest(graph, folderAfter(folder, { write, rename }), own, onto, ids);
  const proof = await proveRebase(bench, folder, graph, moved, onto, ids);
  const byOrder = new Map(request.moved.map((id, at) => [id, at]));
  list.sort((a, b) => (byOrder.get(a.from) ?? 0) - (byOrder.get(b.from) ?? 0));
  return { onto: onto ?? null, moved: list, ...proof, changes: { write, rename } };
}

function requireMovable(
  graph: RevisionGraph,
  moved: readonly Migration[],
  own: ReadonlySet<string>,
  applied: ReadonlySet<string>,
  { migrations }: MigrationFolder,
): void {
  const there = moved.filter(({ version }) => applied.has(version));
  if (there.length > 0) {
    const named = there.map(({ version }) => describeRevision(graph, version)).join(', ');
    throw new TidemarkError('rebase-applied', `applied already, and so fixed where it stands: ${named}`, {
      exitCode: 4,
      hints: [
        `Take ${there.length === 1 ? 'it' : 'them'} down first, if the database may lose what ${there.length === 1 ? 'it' : 'they'} made: "tidemark migrate down".`,
        'Or join the lines as they are: "tidemark migrate merge".',
      ],
      details: { applied: there.map(({ version }) => version) },
    });
  }
  const squash = moved.find(isSquash);
  if (squash !== undefined) {
    throw new TidemarkError(
      'rebase-squash',
      `${squash.file} stands in the place of its originals and cannot move`,
      {
        exitCode: 2,
        location: { file: squash.path, line: 1 },
        hints: ['Move the other line, or join them: "tidemark migrate merge".'],
      },
    );
  }
  for (const { version, file, path, directives } of migrations) {
    if (own.has(version)) continue;
    const { parents = [], dependsOn } = directives;
    const needed = [...parents, ...dependsOn.map((id) => graph.branches.get(id) ?? id)].find((id) =>
      own.has(id),
    );
    if (needed === undefined) continue;
    throw new TidemarkError(
      'rebase-needed',
      `${file} stays, and says that it needs ${describeRevision(graph, needed)}, which would come after it`,
      {
        exitCode: 2,
        location: { file: path, line: 1 },
        hints: [`Move it as well, by naming it: tidemark migrate rebase ${needed} ${version}`],
        details: { revision: version, needs: needed },
      },
    );
  }
}

/** A line that is to follow one of its own moves only from there on. */
function withoutGround(graph: RevisionGraph, { moved, onto }: RebaseRequest): readonly string[] {
  const id = onto === undefined ? undefined : resolveOne(graph, new Set(), onto);
  if (id === undefined || !moved.includes(id)) return moved;
  const below = lineBelow(graph, [id]);
  const above = moved.filter((one) => !below.has(one));
  if (above.length > 0) return above;
  throw new TidemarkError('rebase-onto', `nothing that moves comes after ${describeRevision(graph, id)}`, {
    exitCode: 2,
    hints: ['Name one of another line.'],
  });
}

/** What the moved ones follow; undefined for base. */
function ontoOf(
  graph: RevisionGraph,
  own: ReadonlySet<string>,
  text: string | undefined,
): string | undefined {
  if (text !== undefined) return resolveOne(graph, new Set(), text);
  const stays = graph.order.map(({ id }) => id).filter((id) => !own.has(id));
  // What follows a moved revision in the files follows what that followed once it is gone.
  const heads = stays.filter((id) => !stays.some((other) => followsInRest(graph, own, other).has(id)));
  if (heads.length === 1) return heads[0];
  const named = heads.map((id) => describeRevision(graph, id)).join(', ');
  throw heads.length === 0
    ? new TidemarkError('rebase-onto', 'nothing stays that they could follow', {
        exitCode: 2,
        hints: ['Name only what is to move.'],
      })
    : new TidemarkError('several-heads', `what stays has ${heads.length} heads: ${named}`, {
        exitCode: 2,
        hints: ['Say with --onto which one they are to follow.'],
        details: { heads },
      });
}

/** The parents of a revision that stays: those that stay too, and past those that move, what they came from. */
function followsInRest(graph: RevisionGraph, own: ReadonlySet<string>, id: string): Set<string> {
  const found = new Set<string>();
  const open = [...(graph.byId.get(id)?.parents ?? [])];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    if (own.has(parent)) open.push(...(graph.byId.get(parent)?.parents ?? []));
    else found.add(parent);
  }
  return found;
}

function newIds(request: RebaseRequest, moved: readonly Migration[]): Map<string, string> {
  const { folder, now, naming } = request;
  const ids = new Map<string, string>();
  const taken = new Set([...folder.migrations, ...folder.squashed].map(({ version }) => version));
  let newest = comesAnywhere(request) ? undefined : folder.migrations.at(-1)?.version;
  for (const { version } of moved) {
    do {
      newest = naming.revision === 'number' ? nextNumber(newest) : nextVersion(newest, now, naming.timeZone);
    } while (taken.has(newest));
    ids.set(version, newest);
  }
  return ids;
}

/** True beside hashes of another tool, each with its parent: the time alone will do, wherever it puts the file. */
function comesAnywhere({ folder, now, naming }: RebaseRequest): boolean {
  if (naming.revision === 'number') return false;
  const time = stemParts(nextVersion(undefined, now, naming.timeZone));
  return folder.migrations
    .filter(({ file }) => compareStems(time, stemParts(stemOf(file))) < 0)
    .every(({ file, directives }) => !/^\d{14}/.test(file) && directives.parents !== undefined);
}

function stemOf(file: string): string {
  return parseFileName(file)?.stem ?? file;
}

/** A name that does not begin with the revision stays: the directive says the new one. */
function newStem({ file, version }: Migration, ids: ReadonlyMap<string, string>): string {
  const stem = stemOf(file);
  const isNamed = parseFileName(file)?.version === version;
  return isNamed ? (ids.get(version) ?? version) + stem.slice(version.length) : stem;
}

interface Named {
  readonly migration: Migration;
  readonly stem: string;
}

function inFileOrder(named: readonly Named[]): Named[] {
  return [...named].sort((a, b) => compareStems(stemParts(a.stem), stemParts(b.stem)));
}

/** Of a revision that moves: those that move with it, and what it is to follow in place of what lies below that. */
function newParents(
  graph: RevisionGraph,
  version: string,
  own: ReadonlySet<string>,
  onto: string | undefined,
  ids: ReadonlyMap<string, string>,
): string[] {
  const parents = graph.byId.get(version)?.parents ?? [];
  const inside = parents.filter((id) => own.has(id)).map((id) => ids.get(id) ?? id);
  if (onto === undefined) return inside;
  const below = ancestorsOf(graph, [onto]);
  const beside = parents.filter((id) => !own.has(id) && !below.has(id));
  return [...inside, ...(inside.length === 0 ? [onto] : []), ...beside];
}

function directivesFor(
  { directives }: Migration,
  stem: string,
  ids: ReadonlyMap<string, string>,
  needed: readonly string[] | undefined,
  parents: readonly string[],
): DirectiveLines {
  const { revision, dependsOn } = directives;
  const said = directives.parents !== undefined || needed !== undefined;
  const newRevision = revision === undefined ? undefined : ids.get(revision);
  const inName = newRevision !== undefined && parseFileName(`${stem}.sql`)?.version === newRevision;
  return {
    ...(newRevision === undefined ? {} : { revision: inName ? undefined : newRevision }),
    ...(said ? { parents } : {}),
    ...(dependsOn.some((id) => ids.has(id)) ? { dependsOn: dependsOn.map((id) => ids.get(id) ?? id) } : {}),
  };
}

/** True when they stand at the end of the folder, one after the other, on top of what they are to follow. */
function standsThere(
  graph: RevisionGraph,
  { migrations }: MigrationFolder,
  moved: readonly Migration[],
  onto: string | undefined,
): boolean {
  const last = migrations.slice(-moved.length);
  const own = new Set(moved.map(({ version }) => version));
  return (
    last.every((migration) => own.has(migration.version)) &&
    moved.every(({ version }) => {
      const outside = (graph.byId.get(version)?.parents ?? []).filter((id) => !own.has(id));
      return outside.every((id) => id === onto);
    }) &&
    (onto === undefined || moved.some(({ version }) => graph.byId.get(version)?.parents.includes(onto)))
  );
}

/** What stays follows what it followed, past those that are gone; what moved stands where it was put. */
function requireSameRest(
  old: RevisionGraph,
  planned: MigrationFolder,
  own: ReadonlySet<string>,
  onto: string | undefined,
  ids: ReadonlyMap<string, string>,
): void {
  const now = graphOf(planned);
  for (const { id, file } of old.byId.values()) {
    const isMoved = own.has(id);
    const wanted = isMoved ? newParents(old, id, own, onto, ids) : [...followsInRest(old, own, id)];
    const found = now.byId.get(ids.get(id) ?? id)?.parents ?? [];
    if (wanted.toSorted().join() === [...found].sort().join()) continue;
    throw new TidemarkError('rebase-place', `${file ?? id} would follow ${found.join(', ') || 'nothing'}`, {
      hints: [
        'Nothing was written. Say with "-- tidemark:parent" in that file what it follows, if no database has it yet.',
      ],
      details: { revision: id, parents: found, wanted },
    });
  }
}
