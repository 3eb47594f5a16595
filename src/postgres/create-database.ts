import { type Connection, DatabaseError } from '../database/connection.js';
import { quoteIdent } from './identifiers.js';

/**
 * Creates a database through a session with another one of the same server. Gives false when it is there
 * already, also when somebody else creates it at the same moment. Throws DatabaseError otherwise.
 */
export async function createDatabase(connection: Connection, name: string): Promise<boolean> {
  const there = await connection.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (there.length > 0) return false;
  try {
    await connection.query(`CREATE DATABASE ${quoteIdent(name)}`);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && alreadyThere.has(error.sqlstate)) return false;
    throw error;
  }
}

/** duplicate_database, and unique_violation on pg_database's index when two sessions race. */
const alreadyThere = new Set(['42P04', '23505']);
