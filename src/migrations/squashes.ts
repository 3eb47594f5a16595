import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import type { Migration } from './migration-file.js';

/** The subfolder in which the migrations lie that a squash was made of. */
export const SQUASHED_FOLDER = 'squashed';

/** True for a migration that was made of others. */
export function isSquash({ directives }: Pick<Migration, 'directives'>): boolean {
  return directives.replaces.length > 0;
}

/**
 * Throws TidemarkError unless squashes and the files they were made of fit together: `squash-overlap` when two
 * squashes replace one revision, or one replaces what still lies beside it; `squash-stray` for a file in the
 * subfolder that no squash replaces.
 */
export function requireWholeSquashes(
  path: string,
  migrations: readonly Migration[],
  squashed: readonly Migration[],
): void {
  const beside = new Map(migrations.map((migration) => [migration.version, migration]));
  const apart = new Map(squashed.map((migration) => [migration.version, migration]));
  const replacedBy = new Map<string, Migration>();
  for (const squash of [...migrations, ...squashed].filter(isSquash)) {
    for (const id of squash.directives.replaces) {
      const other = replacedBy.get(id);
      if (other !== undefined) throw replacedTwice(id, other, squash);
      replacedBy.set(id, squash);
    }
  }
  for (const [id, squash] of replacedBy) {
    const left = beside.get(id);
    if (left !== undefined) throw stillThere(path, squash, left, apart.get(id));
  }
  const reached = new Set<string>();
  const open = migrations.flatMap(({ directives }) => directives.replaces);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    open.push(...(apart.get(id)?.directives.replaces ?? []));
  }
  const stray = squashed.find(({ version }) => !reached.has(version));
  if (stray === undefined) return;
  throw new TidemarkError(
    'squash-stray',
    `${stray.path} lies among the squashed files, and no squash replaces it`,
    {
      location: { file: stray.path, line: 1 },
      hints: [`Move it back into ${path}, or delete it; then run "tidemark migrate hash".`],
      details: { revision: stray.version },
    },
  );
}

function replacedTwice(id: string, other: Migration, squash: Migration): TidemarkError {
  return new TidemarkError('squash-overlap', `${other.file} and ${squash.file} both replace revision ${id}`, {
    location: { file: squash.path, line: 1 },
    hints: [
      'Probably two people squashed at the same time: keep the one that reached a shared database first,',
      'take the files of the other back from version control, and squash those again.',
    ],
    details: { revision: id, squashes: [other.version, squash.version] },
  });
}

function stillThere(
  path: string,
  squash: Migration,
  left: Migration,
  copy: Migration | undefined,
): TidemarkError {
  const same = copy?.checksum === left.checksum;
  return new TidemarkError('squash-overlap', `${squash.file} replaces ${left.file}, which is still there`, {
    location: { file: left.path, line: 1 },
    hints: [
      same
        ? `A squash was interrupted: ${copy.file} is the same text. Delete ${left.file}, then run "tidemark migrate hash".`
        : `If it belongs to the squash, move it to ${join(path, SQUASHED_FOLDER)}; if it was brought back on purpose, delete ${squash.file}. Then run "tidemark migrate hash".`,
    ],
    details: { revision: left.version, squash: squash.version },
  });
}
