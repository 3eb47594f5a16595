import type { EngineName } from '../database/connection.js';
import type { DatabaseUrl } from '../database/database-url.js';
import { TidemarkError } from '../errors.js';
import type { ScriptFile } from './run-scripts.js';

/** Where a state comes from. Whatever it is, reading it gives a Schema. */
export type StateSource =
  /** SQL that builds the state on an empty database: schema files, or the migrations up to a revision. */
  | { readonly type: 'scripts'; readonly label: string; readonly files: readonly ScriptFile[] }
  /** A database as it is. */
  | { readonly type: 'database'; readonly label: string; readonly url: DatabaseUrl }
  /** A database with nothing in it. */
  | { readonly type: 'empty'; readonly label: string };

/**
 * The engine that states are of; undefined when none of them says, for SQL and nothing fit any. Throws
 * TidemarkError (`engines-differ`, exit code 2) when they say different ones.
 */
export function engineOf(states: readonly StateSource[]): EngineName | undefined {
  const databases = states.filter((state) => state.type === 'database');
  const [first] = databases;
  const other = databases.find(({ url }) => url.engine !== first?.url.engine);
  if (first === undefined || other === undefined) return first?.url.engine;
  throw new TidemarkError(
    'engines-differ',
    `${first.label} and ${other.label} are databases of different engines, and no SQL leads from one to the other`,
    { exitCode: 2, hints: ['Compare databases of one engine.'] },
  );
}
