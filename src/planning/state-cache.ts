import { createHash } from 'node:crypto';
import { readEntry, writeEntry } from '../database/cache-folder.js';
import { TOOL_VERSION } from '../migrations/tool-version.js';
import { makeSchema, type Schema, type SchemaObject, type UnmanagedObject } from '../schema/object.js';

/** Raised whenever the reader gives other facts for the same SQL between two versions of the tool. */
const READER_GENERATION = 20;

/** The key of a state: everything that decides what reading it would give. */
export function stateKey(parts: readonly string[]): string {
  const hash = createHash('sha256').update(`state ${READER_GENERATION} ${TOOL_VERSION}\n`);
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}\n`).update(part);
  return `state-${hash.digest('hex')}`;
}

/** A state, and what the user was told when it was read. */
export interface KnownState {
  readonly schema: Schema;
  readonly notes: readonly string[];
}

/** A state from the cache; undefined when it is not there or not whole. */
export async function cachedState(key: string): Promise<KnownState | undefined> {
  const bytes = await readEntry(key);
  if (!bytes) return undefined;
  try {
    const stored = JSON.parse(bytes.toString('utf8')) as StoredSchema;
    const schema = makeSchema(
      stored.engine,
      stored.engineVersion,
      stored.objects,
      stored.unmanaged,
      stored.leftAlone,
    );
    return { schema, notes: stored.notes };
  } catch {
    return undefined;
  }
}

/** Keeps a state for later. Failing to is no error: the cache only saves time. */
export async function cacheState(key: string, { schema, notes }: KnownState): Promise<void> {
  const stored: StoredSchema = { ...schema, objects: [...schema.objects.values()], notes };
  await writeEntry(key, Buffer.from(JSON.stringify(stored)));
}

interface StoredSchema {
  readonly engine: Schema['engine'];
  readonly engineVersion: number;
  readonly objects: readonly SchemaObject[];
  readonly unmanaged: readonly UnmanagedObject[];
  readonly leftAlone: Schema['leftAlone'];
  readonly notes: readonly string[];
}
