import type { DatabaseError } from '../database/connection.js';

/** The code of both `role "app" does not exist` and the like of other things. */
const UNDEFINED_OBJECT = '42704';

/** The role that a statement names and the server does not have, when that is what the error says. */
export function missingRole(error: Pick<DatabaseError, 'sqlstate' | 'message'>): string | undefined {
  if (error.sqlstate !== UNDEFINED_OBJECT) return undefined;
  // The name stands there as it is, quotes in it not doubled. Only English, which dev databases speak.
  return /^role "(.+)" does not exist$/s.exec(error.message)?.[1];
}
