import { basename } from 'node:path';
import { TidemarkError } from '../../errors.js';
import type { VersionFile } from './alembic-version-file.js';

/** A version file whose parents and dependencies are known to be there. */
export interface AlembicRevision extends VersionFile {
  /** Ids of revisions, also where the file names a label. */
  readonly dependsOn: readonly string[];
}

/**
 * The revisions of a project, parents before children, equal choices in order of the files. Throws TidemarkError
 * (`import-unsupported`): two files with one revision, a parent or dependency that is not there, a label used
 * twice, a circle.
 */
export function readAlembicGraph(files: readonly VersionFile[]): AlembicRevision[] {
  const byId = new Map<string, VersionFile>();
  for (const file of files) {
    const same = byId.get(file.revision);
    if (same !== undefined) {
      throw refuse(
        `two version files have the revision ${file.revision}: ${same.path} and ${file.path}`,
        file,
        ['Remove one of them, or give it a revision of its own.'],
      );
    }
    byId.set(file.revision, file);
  }
  const labels = labelled(files, byId);
  const revisions = files.map((file): AlembicRevision => {
    for (const parent of file.parents) {
      if (!byId.has(parent)) throw absent(file, parent, 'down_revision');
    }
    const dependsOn = file.dependsOn.map((wanted) => {
      const found = byId.get(wanted) ?? labels.get(wanted);
      if (found === undefined) throw absent(file, wanted, 'depends_on');
      return found.revision;
    });
    return { ...file, dependsOn };
  });
  return inOrder(revisions);
}

/** All that these revisions need, themselves included. */
export function withAncestors(
  revisions: readonly { readonly id: string; readonly needs: readonly string[] }[],
  ids: Iterable<string>,
): Set<string> {
  const needs = new Map(revisions.map((revision) => [revision.id, revision.needs]));
  const seen = new Set<string>();
  const open = [...ids];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(needs.get(id) ?? []));
  }
  return seen;
}

function labelled(
  files: readonly VersionFile[],
  byId: ReadonlyMap<string, VersionFile>,
): ReadonlyMap<string, VersionFile> {
  const labels = new Map<string, VersionFile>();
  for (const file of files) {
    for (const label of file.labels) {
      const other = labels.get(label) ?? byId.get(label);
      if (other !== undefined) {
        throw refuse(`the branch label ${label} in ${file.path} is already used by ${other.path}`, file, [
          'Give one of them another label.',
        ]);
      }
      labels.set(label, file);
    }
  }
  return labels;
}

function inOrder(revisions: readonly AlembicRevision[]): AlembicRevision[] {
  const ordered: AlembicRevision[] = [];
  const byId = new Map(revisions.map((revision) => [revision.revision, revision]));
  const waiting = new Map(
    revisions.map((one) => [one.revision, new Set([...one.parents, ...one.dependsOn])]),
  );
  const children = new Map<string, string[]>();
  for (const [id, needed] of waiting) {
    for (const need of needed) children.set(need, [...(children.get(need) ?? []), id]);
  }
  const place = new Map(revisions.map((revision, index) => [revision.revision, index]));
  const ready = revisions.filter((one) => waiting.get(one.revision)?.size === 0).map((one) => one.revision);
  while (ready.length > 0) {
    const id = ready.shift() ?? '';
    const revision = byId.get(id);
    if (revision !== undefined) ordered.push(revision);
    waiting.delete(id);
    for (const child of children.get(id) ?? []) {
      const needed = waiting.get(child);
      needed?.delete(id);
      if (needed?.size !== 0) continue;
      const at = ready.findIndex((other) => (place.get(other) ?? 0) > (place.get(child) ?? 0));
      ready.splice(at === -1 ? ready.length : at, 0, child);
    }
  }
  if (waiting.size > 0) throw circle(waiting, byId);
  return ordered;
}

function circle(
  waiting: ReadonlyMap<string, ReadonlySet<string>>,
  byId: ReadonlyMap<string, AlembicRevision>,
): TidemarkError {
  const path: string[] = [];
  let at = waiting.keys().next().value ?? '';
  while (!path.includes(at)) {
    path.push(at);
    at = [...(waiting.get(at) ?? [])].find((id) => waiting.has(id)) ?? at;
  }
  const loop = [...path.slice(path.indexOf(at)), at];
  const file = byId.get(at);
  return new TidemarkError(
    'import-unsupported',
    `revisions follow one another in a circle: ${loop.join(' -> ')}`,
    {
      ...(file === undefined ? {} : { location: { file: file.path, line: 1 } }),
      hints: ['Correct the down_revision or depends_on of one of them.'],
      details: { cycle: loop },
    },
  );
}

function absent(file: VersionFile, wanted: string, where: string): TidemarkError {
  return refuse(
    `${basename(file.path)} has ${where} ${wanted}, and no version file has that revision`,
    file,
    [`Bring the file of ${wanted} back, or correct the ${where}.`],
  );
}

function refuse(message: string, file: VersionFile, hints: readonly string[]): TidemarkError {
  return new TidemarkError('import-unsupported', message, { location: { file: file.path, line: 1 }, hints });
}
