import type { EngineName } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { checksumOf, normaliseText } from '../migrations/checksum.js';

/** Whose schema a snapshot holds: a comparison is only ever with snapshots of the same. */
export interface SnapshotSubject {
  /** The environment's name. */
  readonly environment: string;
  /** The database's own name; the file's or folder's of an embedded one. */
  readonly database: string;
}

/** What a snapshot says of itself. Never a host or a password. */
export interface SnapshotFacts extends SnapshotSubject {
  readonly engine: EngineName;
  /** `PostgreSQL 15.20`, `SQLite 3.53.2` */
  readonly engineVersion: string;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  /** The revisions that the database was at; empty: at base, or without a history. */
  readonly heads: readonly string[];
  /** How many lines the log of its history had: what comes after them was done after the snapshot. */
  readonly logged: number;
  /** The run that wrote the last of them; null without any. A restored database has another one there. */
  readonly run: string | null;
}

/** A snapshot as it lies in its folder. */
export interface Snapshot extends SnapshotFacts {
  /** Its name within the folder. */
  readonly file: string;
  /** The SQL that makes the schema from nothing. Empty for an empty database. */
  readonly sql: string;
}

const MARK = '-- snapshot: ';
const FORMAT = 1;

/** The text of a snapshot: two lines of comment, then SQL that psql or sqlite3 runs. */
export function formatSnapshot(facts: SnapshotFacts, sql: string): string {
  const { environment, database, engine, engineVersion, takenAt, heads, logged, run } = facts;
  const said = {
    version: FORMAT,
    ...{ environment, database, engine, engineVersion, takenAt, heads, logged, run },
    checksum: checksumOf(sql),
  };
  const note = `-- The schema of a database as it was at ${takenAt}. \`tidemark schema detect\` compares with this file: leave it as it is.`;
  return `${note}\n${MARK}${JSON.stringify(said)}\n\n${sql}`;
}

/** Reads a snapshot. Throws TidemarkError (`snapshot-damaged`) for one that was edited, cut off, or is none. */
export function parseSnapshot(content: string, file: string, path: string): Snapshot {
  const [, line = '', empty, ...rest] = normaliseText(content).split('\n');
  if (!line.startsWith(MARK) || empty !== '') throw damaged(path, 'its head is not that of a snapshot');
  let said: unknown;
  try {
    said = JSON.parse(line.slice(MARK.length));
  } catch {
    throw damaged(path, 'its head cannot be read');
  }
  const sql = rest.join('\n');
  if (!isHead(said)) throw damaged(path, 'its head does not say what it must');
  if (said.version > FORMAT) {
    throw new TidemarkError('snapshot-newer', `${path} was written by a newer Tidemark`, {
      hints: ['Use that version, or a newer one.'],
    });
  }
  if (said.checksum !== checksumOf(sql)) throw damaged(path, 'its SQL is not what was written');
  const { version: _, checksum: __, ...facts } = said;
  return { ...facts, file, sql };
}

interface Head extends SnapshotFacts {
  readonly version: number;
  readonly checksum: string;
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null) return false;
  const head: { readonly [Key in keyof Head]?: unknown } = value;
  const texts = [head.environment, head.database, head.engineVersion, head.takenAt, head.checksum];
  const counts = [head.version, head.logged];
  return (
    texts.every((text) => typeof text === 'string') &&
    counts.every((count) => typeof count === 'number' && Number.isInteger(count) && count >= 0) &&
    (head.run === null || typeof head.run === 'string') &&
    (head.engine === 'postgres' || head.engine === 'sqlite') &&
    Array.isArray(head.heads) &&
    head.heads.every((revision) => typeof revision === 'string')
  );
}

function damaged(path: string, why: string): TidemarkError {
  return new TidemarkError('snapshot-damaged', `${path} cannot be used: ${why}`, {
    hints: [
      'Bring the file back as it was (from version control), or delete it: the one before it is used then.',
      'Without it, "tidemark schema diff --from migrations:" shows how the migrations differ from a database.',
    ],
    details: { file: path },
  });
}
