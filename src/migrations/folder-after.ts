import { folderOfTexts, type MigrationFolder } from './folder.js';
import type { FolderChanges } from './rewrite-folder.js';

/** A folder as `rewriteFolder` would make it of these changes, with every check of reading it; nothing is written. */
export function folderAfter(
  folder: MigrationFolder,
  { write = new Map(), rename = new Map() }: Pick<FolderChanges, 'write' | 'rename'>,
): MigrationFolder {
  const texts = new Map<string, string>();
  for (const { file, up, down } of [...folder.migrations, ...folder.squashed]) {
    texts.set(rename.get(file) ?? file, up);
    if (down !== undefined) texts.set(rename.get(down.file) ?? down.file, down.sql);
  }
  for (const [file, text] of write) texts.set(file, text);
  return folderOfTexts(folder.path, texts);
}
