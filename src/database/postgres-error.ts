import { DatabaseError } from './connection.js';

/** The fields of an ErrorResponse as `pg` and PGlite both spell them, and those of a broken socket. */
interface DriverError {
  readonly message: string;
  readonly code?: string;
  readonly severity?: string;
  readonly position?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
}

/** Where in a batch a statement stood, when several were sent as one text. */
export interface StatementPlace {
  readonly statement: number;
  /** Characters of the sent text before the statement. */
  readonly offset: number;
  readonly sql: string;
}

/**
 * Turns a driver's error into a DatabaseError. PostgreSQL counts positions in code points from 1 over the
 * whole text sent; ours are UTF-16 offsets from 0 into the one statement.
 */
export function toDatabaseError(error: unknown, place?: StatementPlace): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { message, code = '', severity, position, detail, hint, where } = error as DriverError;
  const lost = isConnectionLost(error);
  return new DatabaseError(message, {
    sqlstate: severity === undefined ? '' : code,
    statement: place?.statement,
    position:
      position === undefined || !place
        ? undefined
        : utf16Offset(place.sql, Number(position) - 1 - place.offset),
    detail,
    hint,
    context: where,
    connectionLost: lost,
    cause: error,
  });
}

/**
 * True when an error means that the session is over: the server ended it (57P01 when an administrator
 * did, 25P03 after idling in a transaction: all are FATAL), it failed (class 08), or the socket broke.
 */
export function isConnectionLost(error: unknown): boolean {
  const { message, code = '', severity } = error as DriverError;
  if (severity !== undefined) return /^(FATAL|PANIC)$/.test(severity) || /^08/.test(code);
  return (
    /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNABORTED|ENETDOWN|ENETUNREACH|EHOSTUNREACH)$/.test(code) ||
    /Connection terminated|not queryable|Client was closed/.test(message)
  );
}

/** Code points in a text: PostgreSQL's unit of a position. */
export function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function utf16Offset(text: string, characters: number): number | undefined {
  if (characters < 0) return undefined;
  let offset = 0;
  let left = characters;
  for (const character of text) {
    if (left === 0) break;
    offset += character.length;
    left -= 1;
  }
  return offset;
}
