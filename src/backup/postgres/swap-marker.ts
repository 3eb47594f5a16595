import { createHash, randomBytes } from 'node:crypto';

/**
 * How far a restore came. It stands in the comment of the database that it is about, so that it is found wherever
 * the next run is started, and is gone with the database.
 * - `restoring`: half made; goes away
 * - `swapping`: whole, about to take the live one's name, connections held off
 * - `kept`: what was live before
 * - `dropping`: what was live before and was not to be kept
 */
export type MarkerState = 'restoring' | 'swapping' | 'kept' | 'dropping';

export interface Marker {
  readonly state: MarkerState;
  /** The name of the live database. */
  readonly of: string;
  /** The backup it comes from, or whose restore put it aside. */
  readonly backup: string | null;
  /** Since when, ISO 8601 in UTC. */
  readonly at: string;
  /** The comment that it bears, or bore, as the live database. */
  readonly comment: string | null;
}

const WORDS = 'tidemark restore ';

/** The marker as a database's comment. */
export function formatMarker(marker: Marker): string {
  return WORDS + JSON.stringify(marker);
}

/** Reads a database's comment; undefined when it is no marker. */
export function parseMarker(comment: string | null): Marker | undefined {
  if (!comment?.startsWith(WORDS)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(comment.slice(WORDS.length));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { state, of, backup, at, comment: own } = value as Partial<Record<keyof Marker, unknown>>;
  if (state !== 'restoring' && state !== 'swapping' && state !== 'kept' && state !== 'dropping')
    return undefined;
  if (typeof of !== 'string' || typeof at !== 'string') return undefined;
  return {
    state,
    of,
    backup: typeof backup === 'string' ? backup : null,
    at,
    comment: typeof own === 'string' ? own : null,
  };
}

/** PostgreSQL cuts longer names off. */
export const NAME_BYTES = 63;

const RESTORE = '__restore_';
const BEFORE = '__before_restore_';

/** The names of one restore: the database beside the live one, and what the live one is called afterwards. */
export interface RestoreNames {
  /** `4fa9c1`, also in the name of a schema. */
  readonly id: string;
  /** `app__restore_4fa9c10be2` */
  readonly beside: string;
  /** `app__before_restore_4fa9c10be2` */
  readonly kept: string;
}

/**
 * New names for a restore of a database. They end in a checksum, so that no database of a user's is taken for one of
 * these: a restore that was killed is known by its name from the first moment.
 */
export function newRestoreNames(database: string, id: string = randomBytes(3).toString('hex')): RestoreNames {
  const end = id + checksum(database, id);
  return { id, beside: join(database, RESTORE + end), kept: join(database, BEFORE + end) };
}

/** What a name says when `newRestoreNames` made it for this database. */
export function restoreNameKind(name: string, database: string): 'beside' | 'kept' | undefined {
  const id = /__restore_([0-9a-f]{6})[0-9a-f]{4}$|__before_restore_([0-9a-f]{6})[0-9a-f]{4}$/.exec(name);
  if (id === null) return undefined;
  const names = newRestoreNames(database, id[1] ?? id[2]);
  if (name === names.kept) return 'kept';
  return name === names.beside ? 'beside' : undefined;
}

function join(database: string, suffix: string): string {
  // A character of several bytes is not cut in half.
  let stem = database;
  while (Buffer.byteLength(stem) + suffix.length > NAME_BYTES) stem = [...stem].slice(0, -1).join('');
  return stem + suffix;
}

function checksum(database: string, id: string): string {
  return createHash('sha256').update(`tidemark restore ${id} ${database}`).digest('hex').slice(0, 4);
}
