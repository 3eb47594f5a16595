import type { DatabaseError } from '../database/connection.js';

/**
 * Ways out that PostgreSQL does not name itself, as full sentences: for an extension that the server lacks, or
 * that the role may not create.
 */
export function postgresAdvice(error: DatabaseError): readonly string[] {
  const lacking =
    /^extension "(.+)" is not available$/.exec(error.message)?.[1] ??
    // PostgreSQL 14 and older.
    /extension control file ".*?([^/"]+)\.control"/.exec(error.message)?.[1];
  if (lacking !== undefined) {
    const from = lacking === 'vector' ? 'pgvector' : `the package that brings "${lacking}"`;
    return [`Install ${from} on the server, or migrate a server that has the extension.`];
  }
  const forbidden = /^permission denied to create extension "(.+)"$/.exec(error.message)?.[1];
  return forbidden === undefined
    ? []
    : [
        `Let a superuser run CREATE EXTENSION "${forbidden}" in this database once; the migration then finds it there.`,
      ];
}
