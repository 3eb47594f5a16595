import { isAtlasFolder } from './atlas-sum.js';
import type { FolderChanges } from './rewrite-folder.js';

/**
 * Where reverses lie in a folder that Atlas keeps too: for Atlas every `*.sql` at the top of its folder is a
 * migration to be applied, a `.down.sql` not excepted, and what is in subfolders is none of its business.
 */
export const ATLAS_DOWN_FOLDER = 'down';

/** Changes as they are made in a folder that Atlas keeps too; in any other they stay as they are. */
export function besideAtlas(path: string, changes: FolderChanges): FolderChanges {
  if (!isAtlasFolder(path)) return changes;
  const { write, rename } = changes;
  return {
    ...changes,
    ...(write && { write: new Map([...write].map(([file, text]) => [aside(file), withTxMode(file, text)])) }),
    ...(rename && { rename: new Map([...rename].map(([from, to]) => [from, aside(to)])) }),
  };
}

function aside(file: string): string {
  return /^[^/]+\.down\.sql$/i.test(file) ? `${ATLAS_DOWN_FOLDER}/${file}` : file;
}

/**
 * Says for Atlas what a file says for Tidemark: that it runs outside a transaction. Atlas sees its directive only in
 * the first comments of a file, and only with a blank line after them.
 */
function withTxMode(file: string, text: string): string {
  const [head] = /^(?:(?:--|#)[^\n]*(?:\n|$))*/.exec(text)!;
  const says = /^--+\s*tidemark\s*:\s*transaction\s+none\b/im.test(head);
  if (!file.endsWith('.sql') || file.endsWith('.down.sql') || !says || /atlas:txmode/.test(head)) return text;
  const rest = text.slice(head.length);
  return `-- atlas:txmode none\n${head}${rest.startsWith('\n') ? '' : '\n'}${rest}`;
}
