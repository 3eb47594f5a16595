import type { PostgresKind } from './postgres-kind.js';

/**
 * Where kinds find each other by name. It knows none of them itself, so that a kind can ask about its
 * dependents without importing the list it stands in.
 */
const byName = new Map<string, PostgresKind>();

/** Called once, by the list of kinds. */
export function registerKinds(kinds: readonly PostgresKind[]): void {
  for (const kind of kinds) byName.set(kind.name, kind);
}

/** The kind of that name. Throws when there is none: a bug, not a user's mistake. */
export function postgresKind(name: string): PostgresKind {
  const kind = byName.get(name);
  if (kind === undefined) throw new Error(`no PostgreSQL object kind is named ${name}`);
  return kind;
}
