import { TidemarkError } from '../errors.js';
import { graphOf } from '../migrations/compare-history.js';
import type { DirectiveLines } from '../migrations/directive-lines.js';
import { slugOf } from '../migrations/file-naming.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { buildGraph, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { type Migration, parseFileName } from '../migrations/migration-file.js';
import { unfoldSquashes } from '../migrations/unfold-squashes.js';
import { compareStems, nextVersion, stemParts } from '../migrations/version.js';

/**
 * Where the squash goes: right after the last of its originals, so that what followed that goes on following it. Throws
 * TidemarkError: `squash-labels`, `squash-place`.
 */
export function placeSquash(
  folder: MigrationFolder,
  graph: RevisionGraph,
  members: readonly Migration[],
  name: string,
): {
  readonly version: string;
  readonly stem: string;
  readonly directives: DirectiveLines;
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

/**
 * Throws TidemarkError (`squash-place`, `squash-branches`) unless what is not squashed follows what it followed, with the
 * squash and with its originals in its place.
 */
export function requireSameGraph(
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
