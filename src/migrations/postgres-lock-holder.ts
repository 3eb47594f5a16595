import { createHash } from 'node:crypto';
import type { LockHolder } from './history.js';

/** PostgreSQL keeps advisory locks apart by database, so the name of the history table is all a key needs. */
const KEY = createHash('sha256').update('tidemark.revision').digest();

/** The two halves of the lock's key, as `pg_try_advisory_lock(int4, int4)` takes them. */
export const LOCK_CLASS = KEY.readInt32BE(0);
export const LOCK_OBJECT = KEY.readInt32BE(4);

/** One scalar: the holder of the migration lock as JSON text, or NULL. Without rights to see more, only its pid. */
export const LOCK_HOLDER = `
  SELECT json_build_object('pid', l.pid, 'user', a.usename, 'application', a.application_name,
           'client', CASE WHEN a.client_port = -1 THEN 'the same machine' ELSE host(a.client_addr) END,
           'connectedAt', a.backend_start, 'state', a.state, 'query', left(a.query, 1000))::text
    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
     AND l.classid = ${KEY.readUInt32BE(0)}::bigint::oid AND l.objid = ${KEY.readUInt32BE(4)}::bigint::oid
     AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   LIMIT 1`;

type Nullable<T> = { readonly [K in keyof T]: T[K] | null };

/** Reads what `LOCK_HOLDER` gives. */
export function readLockHolder(json: string | null | undefined): LockHolder | undefined {
  if (json === null || json === undefined) return undefined;
  const row = JSON.parse(json) as Nullable<LockHolder>;
  return {
    pid: row.pid!,
    user: row.user ?? undefined,
    application: row.application || undefined,
    client: row.client ?? undefined,
    connectedAt: row.connectedAt == null ? undefined : new Date(row.connectedAt).toISOString(),
    state: row.state ?? undefined,
    query: row.query == null ? undefined : presentable(row.query),
  };
}

/** Says in words who holds the lock. */
export function describeHolder(holder: LockHolder): string {
  const parts = [
    holder.user === undefined ? '' : `user ${holder.user}`,
    holder.application === undefined ? '' : `application ${holder.application}`,
    holder.client === undefined ? '' : `from ${holder.client}`,
    holder.connectedAt === undefined ? '' : `connected since ${holder.connectedAt}`,
  ].filter((part) => part !== '');
  return `server process ${holder.pid}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

/** What `postgresEngine` sends in one text before a migration's first statement, and after its last. */
const BEFORE =
  /^(?:(?:BEGIN|RESET (?:SESSION AUTHORIZATION|ROLE|ALL)|SET (?:client_encoding|(?:lock|statement)_timeout) = \S+)\s*;\s*)+/;
const AFTER = /\s*;\s*RESET SESSION AUTHORIZATION\s*;\s*RESET ROLE\s*;[\s\S]*$/;

/** One short line of the migration's own SQL, without the secrets that role and connection statements carry. */
function presentable(sql: string): string {
  const line = sql
    .replace(BEFORE, '')
    .replace(AFTER, '')
    .replace(/\bpassword\s+E?'(?:[^']|'')*'?/gi, "password '***'")
    .replace(/\bpassword\s*=\s*[^\s']+/gi, 'password=***')
    .replace(/(:\/\/[^:@\s/]+:)[^@\s]+@/g, '$1***@')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
