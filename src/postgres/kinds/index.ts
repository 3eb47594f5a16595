import type { PostgresKind } from '../postgres-kind.js';

/** Every kind of PostgreSQL object that Tidemark manages. Adding one is a file and a line here. */
export const postgresKinds: readonly PostgresKind[] = [];

const byName = new Map(postgresKinds.map((kind) => [kind.name, kind]));

/** The kind of that name. Throws when there is none: a bug, not a user's mistake. */
export function postgresKind(name: string): PostgresKind {
  const kind = byName.get(name);
  if (kind === undefined) throw new Error(`no PostgreSQL object kind is named ${name}`);
  return kind;
}
