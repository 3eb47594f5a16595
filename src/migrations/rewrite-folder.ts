import { readFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { type AfterWrite, hookFailed, runAfterWrite } from './after-write.js';
import { besideAtlas } from './atlas-folder.js';
import { keepAtlasSum } from './atlas-sum.js';
import { formatSum, SUM_FILE } from './checksum.js';
import { graphOf } from './compare-history.js';
import { folderOfTexts, type MigrationFolder, readMigrationFolder } from './folder.js';
import { decodeMigration, type Migration } from './migration-file.js';
import { requireListed } from './require-listed.js';
import {
  placeNew,
  placeOver,
  removeLeftovers,
  replaceFile,
  type StagedFile,
  stageFile,
} from './write-files.js';

/** What is to change in a folder; all names are within it. */
export interface FolderChanges {
  /** Texts by file name: new files, and new texts for files that are there (also under a name `rename` gives). */
  readonly write?: ReadonlyMap<string, string>;
  /** Old name to new name; the bytes stay unless `write` has the new name. */
  readonly rename?: ReadonlyMap<string, string>;
  readonly remove?: readonly string[];
}

export interface RewriteOptions {
  /** Run with the files that `write` names, before their checksums are taken: a formatter. */
  readonly afterWrite?: AfterWrite | undefined;
}

/**
 * Changes several files of a migrations folder and its sum: all of it, or after an error nothing. The result is
 * checked before anything is written, as reading it would. New texts go to the disk under temporary names, then
 * get their names (reverses first), then what goes is removed, and the sum is written last: a process killed in
 * between leaves files that `requireListed` or `readMigrationFolder` reports, and no text is lost, for a file
 * is removed or overwritten only when the text it gives to another name lies there.
 *
 * Throws TidemarkError: `sum-mismatch` when the folder already differs from its sum (writing would hide that),
 * `migration-exists`, `hook-failed`, and what reading the folder and building the graph throw. Returns the folder as it then is.
 */
export async function rewriteFolder(
  path: string,
  given: FolderChanges,
  { afterWrite }: RewriteOptions = {},
): Promise<MigrationFolder> {
  await mkdir(path, { recursive: true });
  await removeLeftovers(path);
  const changes = besideAtlas(path, given);
  const before = await readMigrationFolder(path);
  if (before.listed !== undefined) requireListed(before);
  const old = textsOf(before);
  const wanted = apply(path, old, changes);
  const planned = folderOfTexts(path, wanted);
  graphOf(planned);

  const moved = new Map([...(changes.rename ?? [])].map(([from, to]) => [to, from]));
  const touched = [...wanted.keys()].filter((file) => changes.write?.has(file) || moved.has(file));
  const gone = [...old.keys()].filter((file) => !wanted.has(file));
  const keep = new Map(
    [...touched, ...gone, ...moved.values()]
      .filter((file) => old.has(file))
      .map((file) => [file, readFileSync(join(path, file))]),
  );
  const staged: StagedFile[] = [];
  const placed: string[] = [];
  try {
    for (const file of inSafeOrder(touched, old, changes.rename ?? new Map())) {
      const content = changes.write?.get(file) ?? keep.get(moved.get(file) ?? '');
      if (content !== undefined) staged.push(await stageFile(path, file, content));
    }
    for (const subfolder of new Set(touched.map(dirname))) {
      await mkdir(join(path, subfolder), { recursive: true });
    }
    for (const one of staged) {
      if (old.has(one.file)) await placeOver(path, one);
      // What an interrupted squash has moved aside is as it would be.
      else if (await isSameFile(join(path, one.file), one.temporary)) {
        await rm(one.temporary);
        continue;
      } else await placeNew(path, one);
      placed.push(one.file);
    }
    const final =
      afterWrite === undefined
        ? planned
        : await runHook(path, planned, wanted, [...(changes.write?.keys() ?? [])], afterWrite);
    for (const file of gone) {
      await rm(join(path, file));
      placed.push(file);
    }
    await replaceFile(path, SUM_FILE, formatSum(final.sums));
    await keepAtlasSum(path);
    return { ...final, listed: final.sums, difference: { added: [], edited: [], removed: [] } };
  } catch (error) {
    for (const { temporary } of staged) await rm(temporary, { force: true });
    for (const file of placed.reverse()) {
      const content = keep.get(file);
      if (content === undefined) await rm(join(path, file), { force: true });
      else await replaceFile(path, file, content);
    }
    throw error;
  }
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  const content = await readFile(path).catch(() => undefined);
  return content?.equals(await readFile(other)) === true;
}

function textsOf(folder: MigrationFolder): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { file, up, down } of [...folder.migrations, ...folder.squashed]) {
    texts.set(file, up);
    if (down !== undefined) texts.set(down.file, down.sql);
  }
  return texts;
}

/** The texts of the folder as it is to be. Naming a file that is not there is a defect of the caller. */
function apply(path: string, old: ReadonlyMap<string, string>, changes: FolderChanges): Map<string, string> {
  const { write = new Map<string, string>(), rename = new Map<string, string>(), remove = [] } = changes;
  const wanted = new Map(old);
  for (const file of [...remove, ...rename.keys()]) {
    if (!wanted.delete(file)) throw new Error(`${file} is not in ${path}, or is removed and renamed`);
  }
  for (const [from, to] of rename) {
    if (wanted.has(to)) throw exists(path, to);
    wanted.set(to, old.get(from) ?? '');
  }
  for (const [file, text] of write) wanted.set(file, text);
  return wanted;
}

function exists(path: string, file: string): TidemarkError {
  return new TidemarkError('migration-exists', `${join(path, file)} exists already`, {
    hints: ['Choose another name.'],
  });
}

/**
 * Reverses before the files they reverse, new names before those that are overwritten, and a file whose text moves
 * on is overwritten after the text has its new name.
 */
function inSafeOrder(
  touched: readonly string[],
  old: ReadonlyMap<string, string>,
  rename: ReadonlyMap<string, string>,
): string[] {
  const isDown = (file: string): boolean => /\.down\.sql$/i.test(file);
  const fresh = touched.filter((file) => !old.has(file));
  const order = [...fresh.filter(isDown), ...fresh.filter((file) => !isDown(file))];
  const open = new Set(touched.filter((file) => old.has(file)));
  while (open.size > 0) {
    const next = [...open].find((file) => !open.has(rename.get(file) ?? ''));
    if (next === undefined) throw new Error(`files cannot change their names in a circle: ${[...open]}`);
    open.delete(next);
    order.push(next);
  }
  return order;
}

/** The folder after the hook, which may change the look of the files it was given and nothing else. */
async function runHook(
  path: string,
  planned: MigrationFolder,
  wanted: ReadonlyMap<string, string>,
  written: readonly string[],
  hook: AfterWrite,
): Promise<MigrationFolder> {
  await runAfterWrite(
    hook,
    written.map((file) => join(path, file)),
  );
  const found = readBack(path, wanted, written);
  const meaning = ({ version, file, directives, down }: Migration): string =>
    JSON.stringify([version, file, { ...directives, ignore: [] }, down?.transaction]);
  const changed = found.migrations.find(
    (migration, index) => meaning(migration) !== meaning(planned.migrations[index] ?? migration),
  );
  if (changed !== undefined || found.migrations.length !== planned.migrations.length) {
    throw hookFailed(`it changed the directives of ${changed?.file ?? 'a file'}`);
  }
  return found;
}

function readBack(
  path: string,
  wanted: ReadonlyMap<string, string>,
  written: readonly string[],
): MigrationFolder {
  const texts = new Map(wanted);
  try {
    for (const file of written) {
      texts.set(file, decodeMigration(readFileSync(join(path, file)), join(path, file)));
    }
    return folderOfTexts(path, texts);
  } catch (error) {
    throw hookFailed(`it left what is no migration: ${error instanceof Error ? error.message : error}`);
  }
}
