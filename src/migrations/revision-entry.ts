import type { Revision } from './graph/revision-graph.js';
import type { RevisionEntry } from './history.js';
import { type Migration, reverseOf } from './migration-file.js';

/** A migration of the folder as its line in the history has it once it ran in one transaction. */
export function entryOf(revision: Revision, migration: Migration, statementsTotal: number): RevisionEntry {
  return {
    revision: revision.id,
    name: migration.name,
    parents: revision.parents,
    dependsOn: revision.dependsOn,
    state: 'applied',
    origin: 'run',
    checksum: migration.checksum,
    down: reverseOf(migration),
    transactionMode: 'file',
    statementsTotal,
  };
}
