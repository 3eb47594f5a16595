import { graphOf } from '../migrations/compare-history.js';
import { directiveLines, withDirectives } from '../migrations/directive-lines.js';
import { slugOf } from '../migrations/file-naming.js';
import { folderOfTexts, type MigrationFolder } from '../migrations/folder.js';
import { parseFileName } from '../migrations/migration-file.js';
import { revisionIdFault } from '../migrations/revision-id.js';
import { unsupported } from './import-error.js';
import type { ImportedRevision } from './imported-project.js';

/** An import as the files it gives. */
export interface RenderedImport {
  readonly revisions: readonly RenderedRevision[];
  /** Texts by file name. */
  readonly files: ReadonlyMap<string, string>;
}

export interface RenderedRevision {
  readonly revision: ImportedRevision;
  /** With what is left unsaid in the list said. */
  readonly parents: readonly string[];
  readonly upFile: string;
  readonly downFile: string | undefined;
}

/**
 * Gives each revision its files. A name begins with the id where ids sort as the revisions follow one another, else
 * the files are numbered and say their id. Parents are left out only where file order says them, and will go on saying
 * them beside the files that come later.
 *
 * @param path where the files are to lie, for messages
 */
export function renderImport(path: string, revisions: readonly ImportedRevision[]): RenderedImport {
  for (const { id, source } of revisions) {
    const fault = revisionIdFault(id);
    if (fault !== undefined)
      throw unsupported(source, 1, `the id "${id}" ${fault}`, ['Rename the migration.']);
  }
  const parents = revisions.map(
    (revision, index) => revision.parents ?? (index === 0 ? [] : [revisions[index - 1]!.id]),
  );
  const byId = place(revisions, parents, revisions.map(stemOfId));
  const order = orderOf(path, byId);
  if (order !== undefined) return render(byId, order);
  const width = Math.max(4, String(revisions.length).length);
  const numbered = revisions.map(
    ({ id, name }, index) =>
      `${String(index + 1).padStart(width, '0')}_${name === '' ? slugOf(id) : slugOf(name)}`,
  );
  const placed = place(revisions, parents, numbered);
  return render(placed, orderOf(path, placed) ?? revisions.map(({ id }) => id));
}

interface Placed extends RenderedRevision {
  readonly stem: string;
}

function place(
  revisions: readonly ImportedRevision[],
  parents: readonly (readonly string[])[],
  stems: readonly string[],
): Placed[] {
  return revisions.map((revision, index) => ({
    revision,
    parents: parents[index]!,
    stem: stems[index]!,
    upFile: `${stems[index]}.sql`,
    downFile: revision.down === undefined ? undefined : `${stems[index]}.down.sql`,
  }));
}

/** An id with `_` in it is the other tool's whole name for the migration. */
function stemOfId({ id, name }: ImportedRevision): string {
  return name === '' || id.includes('_') ? id : `${id}_${slugOf(name)}`;
}

/** The ids in file order; undefined when one stands before what it needs, or a name is taken twice. */
function orderOf(path: string, placed: readonly Placed[]): string[] | undefined {
  if (new Set(placed.map(({ stem }) => stem.toLowerCase())).size < placed.length) return undefined;
  const texts = new Map(placed.map((one) => [one.upFile, textOf(one, one.parents)]));
  const order = folderOfTexts(path, texts).migrations.map(({ version }) => version);
  const seen = new Set<string>();
  const needs = new Map(
    placed.map(({ revision, parents }) => [revision.id, [...parents, ...revision.dependsOn]]),
  );
  for (const id of order) {
    if (!needs.get(id)?.every((needed) => seen.has(needed))) return undefined;
    seen.add(id);
  }
  return order;
}

function render(placed: readonly Placed[], order: readonly string[]): RenderedImport {
  const before = new Map(order.map((id, index) => [id, index === 0 ? [] : [order[index - 1]!]]));
  const files = new Map<string, string>();
  const counted = areCounted(placed);
  for (const one of placed) {
    const implied = counted && before.get(one.revision.id)!.join() === one.parents.join();
    files.set(one.upFile, textOf(one, implied ? undefined : one.parents));
    if (one.downFile !== undefined) files.set(one.downFile, downTextOf(one.revision));
  }
  return { revisions: placed, files };
}

/**
 * True for names that begin with numbers or times, all with one prefix (`V12`) or none: the name of a new migration
 * then comes last. Beside hashes it comes anywhere.
 */
function areCounted(placed: readonly Placed[]): boolean {
  const prefixes = placed.map(({ stem }) => /^([A-Za-z]*)\d+(?:\.\d+)*(?:_|$)/.exec(stem)?.[1]);
  return prefixes.every((prefix) => prefix !== undefined && prefix === prefixes[0]);
}

function textOf({ revision, upFile }: Placed, parents: readonly string[] | undefined): string {
  const { id, dependsOn, branch, transaction, source } = revision;
  const up =
    revision.up.trim() === '' ? `-- Nothing to do: ${source.split(/[\\/]/).at(-1)} is empty.\n` : revision.up;
  return withDirectives(up, {
    ...(parseFileName(upFile)?.version === id ? {} : { revision: id }),
    ...(parents === undefined ? {} : { parents }),
    ...(dependsOn.length === 0 ? {} : { dependsOn }),
    ...(branch === undefined ? {} : { branch }),
    ...(transaction === 'none' ? { transaction } : {}),
  });
}

function downTextOf({ down = '', downTransaction }: ImportedRevision): string {
  return [...directiveLines({ transaction: downTransaction }), down].join('\n');
}

/**
 * Proves that a folder says what was imported: every revision, with its parents and what it depends on. What differs
 * is a defect of Tidemark.
 */
export function requireSame(folder: MigrationFolder, { revisions }: RenderedImport): void {
  const { byId } = graphOf(folder);
  const set = (ids: readonly string[]) => [...new Set(ids)].sort().join();
  for (const { revision, parents } of revisions) {
    const found = byId.get(revision.id);
    if (
      found !== undefined &&
      set(found.parents) === set(parents) &&
      set(found.dependsOn) === set(revision.dependsOn)
    )
      continue;
    throw new Error(`revision ${revision.id} was not written as it was read`);
  }
}
