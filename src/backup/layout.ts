import { isBackupId } from './backup-id.js';

/*
 * In every store, below the folder of the database:
 *
 *   <id>/<part>            the parts
 *   <id>/manifest.json     written last: with it the backup is one
 *   marks/<id>.pinned      what is said of a backup later; the backup itself never changes
 *   marks/<id>.verified-<level>-<time>
 *
 * In a folder also, never in an object store:
 *
 *   .partial-<id>          being made; a leftover when nobody is at work on it
 *   .use-<id>-<random>     somebody is reading it
 */

export const MANIFEST = 'manifest.json';

/** `app/20261120T143000123Z-4fz9ka/manifest.json` */
export function partKey(folder: string, id: string, name: string): string {
  return `${folder}/${id}/${name}`;
}

export function markKey(folder: string, id: string, mark: string): string {
  return `${folder}/marks/${id}.${mark}`;
}

/** What a key below a database's folder is; undefined for what is not ours and is left alone. */
export function readKey(
  folder: string,
  key: string,
): { readonly id: string; readonly part?: string; readonly mark?: string } | undefined {
  if (!key.startsWith(`${folder}/`)) return undefined;
  const [first = '', second, ...more] = key.slice(folder.length + 1).split('/');
  if (second === undefined || more.length > 0) return undefined;
  if (first === 'marks') {
    const at = second.indexOf('.');
    const id = second.slice(0, at);
    return at > 0 && isBackupId(id) ? { id, mark: second.slice(at + 1) } : undefined;
  }
  return isBackupId(first) ? { id: first, part: second } : undefined;
}
