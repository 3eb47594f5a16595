import type { Row } from './connection.js';
import type { SqliteValue } from './sqlite-driver.js';

/**
 * A JavaScript value as SQLite stores it. Whole numbers become INTEGER (a driver would bind 1 as 1.0),
 * booleans 1 and 0, dates ISO 8601 text in UTC, other objects and arrays JSON text.
 */
export function toSqlite(value: unknown): SqliteValue {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'string':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1n : 0n;
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
    default:
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return value;
  if (value instanceof Date) return value.toISOString();
  return JSON.stringify(value);
}

/**
 * A row as callers get it: INTEGER is a number where a number can hold it exactly (up to 2^53) and a bigint
 * beyond, so that no digit is lost; REAL is a number, TEXT a string, BLOB a Buffer.
 */
export function fromSqlite(row: Record<string, SqliteValue>): Row {
  const read: Row = {};
  for (const key in row) read[key] = readValue(row[key]!);
  return read;
}

function readValue(value: SqliteValue): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (value instanceof Uint8Array && !Buffer.isBuffer(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value;
}
