import { graphOf } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { requireListed } from './require-listed.js';

/**
 * Throws unless the whole folder is right: as its sum lists it, and a graph. For who is about to open a database that
 * opening would make. Throws like `requireListed` and `graphOf`.
 */
export function requireRunnable(folder: MigrationFolder): void {
  requireListed(folder);
  graphOf(folder);
}
