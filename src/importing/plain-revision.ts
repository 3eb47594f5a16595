import { hasStatements } from '../migrations/sql-comments.js';
import type { ImportedRevision } from './imported-project.js';

/**
 * A revision of a tool whose migrations are one line of SQL files: what is not said has its usual value. A reverse
 * without a statement is none.
 */
export function plainRevision(
  given: Pick<ImportedRevision, 'id' | 'name' | 'up' | 'key' | 'source'> & Partial<ImportedRevision>,
): ImportedRevision {
  const { down } = given;
  return {
    parents: undefined,
    dependsOn: [],
    branch: undefined,
    transaction: 'file',
    downTransaction: 'file',
    ...given,
    down: down !== undefined && hasStatements(down) ? down : undefined,
  };
}

/** `1 migration`, `2 migrations`. */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
