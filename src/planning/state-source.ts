import type { DatabaseUrl } from '../database/database-url.js';
import type { ScriptFile } from './run-scripts.js';

/** Where a state comes from. Whatever it is, reading it gives a Schema. */
export type StateSource =
  /** SQL that builds the state on an empty database: schema files, or the migrations up to a revision. */
  | { readonly type: 'scripts'; readonly label: string; readonly files: readonly ScriptFile[] }
  /** A database as it is. */
  | { readonly type: 'database'; readonly label: string; readonly url: DatabaseUrl }
  /** A database with nothing in it. */
  | { readonly type: 'empty'; readonly label: string };
