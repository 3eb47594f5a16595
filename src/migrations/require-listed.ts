import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { isAtlasFolder } from './atlas-sum.js';
import { SUM_FILE, sumsAgree } from './checksum.js';
import type { MigrationFolder } from './folder.js';

/**
 * Throws TidemarkError (`sum-missing`, `sum-mismatch`) unless the folder is what its `tidemark.sum` says.
 * An empty folder needs none.
 */
export function requireListed(folder: MigrationFolder): void {
  if (sumsAgree(folder.difference)) return;
  const { added, edited, removed } = folder.difference;
  if (folder.listed === undefined) {
    throw new TidemarkError('sum-missing', `${folder.path} has migrations but no ${SUM_FILE}`, {
      hints: [
        ...(isAtlasFolder(folder.path)
          ? [
              'They are those of Atlas: "tidemark migrate import --from atlas FOLDER --in-place" writes it, and records what the database has.',
            ]
          : []),
        'Write it with "tidemark migrate hash" and commit it with the migrations.',
      ],
      details: { added },
    });
  }
  const parts = [
    edited.length > 0 ? `edited: ${edited.join(', ')}` : '',
    added.length > 0 ? `not listed: ${added.join(', ')}` : '',
    removed.length > 0 ? `listed but gone: ${removed.join(', ')}` : '',
  ].filter((part) => part !== '');
  throw new TidemarkError(
    'sum-mismatch',
    `the migrations differ from ${join(folder.path, SUM_FILE)}: ${parts.join('; ')}`,
    {
      hints: [
        'If you made these changes on purpose, run "tidemark migrate hash".',
        'If not, a file was edited, lost or written half: bring it back from version control.',
      ],
      details: { added, edited, removed },
    },
  );
}
