import { mkdir } from 'node:fs/promises';
import { TidemarkError } from '../errors.js';
import type { AfterWrite } from './after-write.js';
import { graphOf } from './compare-history.js';
import { withDirectives } from './directive-lines.js';
import { fileStem, type NamingOptions } from './file-naming.js';
import { type MigrationFolder, readMigrationFolder } from './folder.js';
import { folderAfter } from './folder-after.js';
import type { RevisionGraph } from './graph/revision-graph.js';
import { singleHead } from './graph/target.js';
import { type Migration, parseFileName } from './migration-file.js';
import { requireListed } from './require-listed.js';
import { REVISION_ID_RULE, revisionIdFault } from './revision-id.js';
import { rewriteFolder } from './rewrite-folder.js';
import { compareStems, compareVersions, nextNumber, nextVersion, stemParts } from './version.js';

/** What the text of a new migration may speak of. */
export interface MigrationFacts {
  /** The title as it was given. */
  readonly name: string;
  readonly revision: string;
  /** When it is written. */
  readonly date: Date;
}

/** A text, or what writes it once the revision is known. */
export type MigrationTextSource = string | ((facts: MigrationFacts) => string);

/** A migration to be written. */
export interface NewMigration {
  /** Its title or slug: `add users` becomes `add_users`. */
  readonly name: string;
  /** Directives are put at its top as they are needed, in place of those of the same name that it has. */
  readonly up: MigrationTextSource;
  /** The reverse; without it no `.down.sql` is written. A program holds its own. */
  readonly down?: MigrationTextSource | undefined;
  readonly language?: Migration['language'] | undefined;
  /** The revision's id, when the caller has chosen one. */
  readonly version?: string | undefined;
  /** Ids of the revisions that it follows, `[]` for none. Default: the one head. */
  readonly parents?: readonly string[] | undefined;
  readonly dependsOn?: readonly string[] | undefined;
  /** The label of the line that it begins. */
  readonly branch?: string | undefined;
  /** The time that names it. Default: now. */
  readonly now?: Date | undefined;
  readonly naming?: NamingOptions | undefined;
  readonly afterWrite?: AfterWrite | undefined;
}

/** What was written: names within the folder. */
export interface WrittenMigration {
  readonly version: string;
  readonly parents: readonly string[];
  readonly upFile: string;
  readonly downFile: string | undefined;
}

/**
 * Writes a migration, its reverse and the folder's sum, or nothing: the folder and its graph are checked with the
 * new file before it is written. What its name does not say is said by directives: the revision where the name does
 * not begin with it, the parents where they are given or are not the file before it.
 *
 * Throws TidemarkError: `sum-mismatch` when the folder already differs from its sum (writing would hide that),
 * `revision-invalid`, `migration-duplicate`, `version-not-newest` when a file would come to follow the new one that
 * does not follow it now, `several-heads` when no parents are given, `migration-exists`, `hook-failed`, and what
 * reading the folder and building the graph throw.
 */
export async function writeMigration(path: string, migration: NewMigration): Promise<WrittenMigration> {
  const [written] = await writeMigrations(path, [migration]);
  return written!;
}

/**
 * Writes several migrations, each following the one before it where it does not say what it follows: all of them or,
 * after an error, none. Throws as `writeMigration` does. The hook of the first is run for all.
 */
export async function writeMigrations(
  path: string,
  migrations: readonly NewMigration[],
): Promise<WrittenMigration[]> {
  await mkdir(path, { recursive: true });
  let folder = await readMigrationFolder(path);
  if (folder.listed !== undefined) requireListed(folder);
  const write = new Map<string, string>();
  const placed: Placed[] = [];
  for (const migration of migrations) {
    const one = place(folder, migration);
    for (const [file, text] of one.write) write.set(file, text);
    placed.push(one);
    if (migrations.length > 1) folder = folderAfter(folder, { write: one.write });
  }
  const written = await rewriteFolder(path, { write }, { afterWrite: migrations[0]?.afterWrite });
  return placed.map(({ version, parents, upFile }) => {
    // In a folder that Atlas keeps too it lies aside.
    const down = written.migrations.find(({ file }) => file === upFile)?.down;
    return { version, parents, upFile, downFile: down?.file };
  });
}

interface Placed {
  readonly version: string;
  readonly parents: readonly string[];
  readonly upFile: string;
  /** Texts by file name. */
  readonly write: ReadonlyMap<string, string>;
}

/** Names the files of a migration and completes their texts. Writes nothing. */
function place(folder: MigrationFolder, migration: NewMigration): Placed {
  const { name, language = 'sql', naming = {}, dependsOn, branch } = migration;
  if (language === 'program' && migration.down !== undefined) throw new Error('a program has no down file');
  const graph = graphOf(folder);
  const now = migration.now ?? new Date();
  const stemOf = (version: string): string => fileStem(version, name, now, naming);
  const version = migration.version ?? freeVersion(folder, graph, now, naming, stemOf);
  requireFree(graph, version);

  const stem = stemOf(version);
  const upFile = `${stem}.${language === 'sql' ? 'sql' : 'ts'}`;
  const { before, after } = neighbours(folder, stem);
  if (after !== undefined && follows(after))
    throw notNewest(upFile, after, before, migration.version !== undefined);
  const head = migration.parents === undefined ? singleHead(graph) : undefined;
  const parents = migration.parents ?? (head === undefined ? [] : [head]);
  const parsed = parseFileName(upFile);
  const named = parsed?.version === version && parsed.certain;
  const implied = before === undefined ? parents.length === 0 : parents.join() === before.version;

  const facts: MigrationFacts = { name, revision: version, date: now };
  const write = new Map<string, string>();
  const up = withDirectives(
    textFrom(migration.up, facts),
    {
      ...(named ? {} : { revision: version }),
      ...(named && implied && migration.parents === undefined ? {} : { parents }),
      ...(dependsOn === undefined ? {} : { dependsOn }),
      ...(branch === undefined ? {} : { branch }),
    },
    language,
  );
  write.set(upFile, up);
  if (migration.down !== undefined) write.set(`${stem}.down.sql`, textFrom(migration.down, facts));
  for (const file of write.keys()) {
    if (folder.sums.has(file)) throw taken(file);
  }
  return { version, parents, upFile, write };
}

function textFrom(source: MigrationTextSource, facts: MigrationFacts): string {
  return typeof source === 'string' ? source : source(facts);
}

/** True for a file that has no parent line: it follows whatever stands before it. */
function follows({ directives }: Migration): boolean {
  return directives.parents === undefined;
}

/** The migrations between which a file of this stem would stand. */
function neighbours(
  { migrations }: MigrationFolder,
  stem: string,
): { readonly before: Migration | undefined; readonly after: Migration | undefined } {
  const parts = stemParts(stem);
  const isBefore = ({ file }: Migration): boolean =>
    compareStems(stemParts(parseFileName(file)?.stem ?? file), parts) <= 0;
  // Nearly always it is the last one.
  let at = migrations.length;
  while (at > 0 && !isBefore(migrations[at - 1]!)) at--;
  return { before: migrations[at - 1], after: migrations[at] };
}

/** An id that is free, and puts the file where none comes to follow it by accident. */
function freeVersion(
  folder: MigrationFolder,
  graph: RevisionGraph,
  now: Date,
  { revision = 'timestamp', timeZone }: NamingOptions,
  stemOf: (version: string) => string,
): string {
  if (revision === 'number') {
    const numbers = [...graph.byId.keys()].filter((id) => /^[A-Za-z]*\d+(?:\.\d+)*$/.test(id));
    return nextNumber(numbers.sort(compareVersions).at(-1));
  }
  const last = folder.migrations.at(-1);
  const newest = last?.directives.revision === undefined ? last?.version : undefined;
  // After V12 comes V2025…; beside ids of another tool (ae1027a6acf), each with its parent, simply the time.
  const attempts = newest !== undefined && /^\D/.test(newest) ? [undefined, newest] : [newest];
  for (const after of attempts) {
    let version = nextVersion(after, now, timeZone);
    while (graph.byId.has(version)) version = nextVersion(version, now, timeZone);
    const next = neighbours(folder, stemOf(version)).after;
    if (next === undefined || !follows(next)) return version;
  }
  return nextVersion(newest, now, timeZone);
}

function requireFree(graph: RevisionGraph, version: string): void {
  const fault = revisionIdFault(version);
  if (fault !== undefined) {
    throw new TidemarkError('revision-invalid', `"${version}" cannot be the id of a revision: it ${fault}`, {
      exitCode: 2,
      hints: [REVISION_ID_RULE],
    });
  }
  const there = graph.byId.get(version);
  if (there === undefined) return;
  throw new TidemarkError(
    'migration-duplicate',
    `there is a revision ${version} already: ${there.file ?? there.name}`,
    { exitCode: 2, hints: ['Leave the revision out and a free one is taken.'] },
  );
}

function notNewest(
  file: string,
  after: Migration,
  before: Migration | undefined,
  byHand: boolean,
): TidemarkError {
  return new TidemarkError(
    'version-not-newest',
    `${file} would stand before ${after.file}, which says no parent and would then follow it`,
    {
      exitCode: 2,
      hints: [
        byHand
          ? 'Leave the revision out and one that comes last is taken.'
          : 'Let newMigrations.fileName begin with what comes after the names that are there, as {revision} does.',
        `Or, where ${after.file} is not applied yet, write at its top what it follows: -- tidemark:parent ${before?.version ?? 'base'}`,
      ],
    },
  );
}

function taken(file: string): TidemarkError {
  return new TidemarkError('migration-exists', `${file} exists already`, {
    exitCode: 2,
    hints: ['Choose another name for the migration.'],
  });
}
