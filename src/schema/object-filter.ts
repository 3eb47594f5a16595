import type { ObjectFilter } from './dialect.js';
import { objectPath } from './object.js';

/** What a pattern is held against. */
export interface FilterSubject {
  readonly kind: string;
  /** By `objectId`: its path is schema and table, schema, table and column, or a schema alone. */
  readonly id: string;
}

/**
 * Compiles a filter; the result says whether an object is left out. Callers also leave out what
 * belongs to an object that is left out, and everything in a schema that is.
 *
 *   `old_*`          whatever stands on its own under such a name, in any schema, or a schema of that name
 *   `audit.*`        everything in the schema audit, but not the schema
 *   `users.email`    a column (in the default schema), as `public.users.email` would
 *   `trigger:log_*`  only triggers; the name alone is enough
 *
 * `*` stands for any number of characters without a dot, case counts.
 */
export function compileFilter(
  filter: ObjectFilter,
  defaultSchema: string | null,
): (subject: FilterSubject) => boolean {
  const patterns = filter.exclude.map(compilePattern);
  const without = new Set(filter.withoutKinds);
  if (patterns.length === 0 && without.size === 0) return () => false;
  return (subject) =>
    without.has(subject.kind) || patterns.some((pattern) => matches(pattern, subject, defaultSchema));
}

interface Pattern {
  readonly kind: string | undefined;
  readonly parts: readonly RegExp[];
}

function compilePattern(text: string): Pattern {
  const [, kind, name] = /^(?:([a-z][a-z -]*):)?(.*)$/s.exec(text)!;
  const parts = name!
    .split('.')
    .map((part) => new RegExp(`^${part.split('*').map(escapeRegExp).join('.*')}$`, 's'));
  return { kind: kind?.replaceAll(' ', '-'), parts };
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function matches({ kind, parts }: Pattern, { kind: of, id }: FilterSubject, defaultSchema: string | null) {
  if (kind !== undefined && kind !== of.replaceAll(' ', '-')) return false;
  const path = objectPath(id);
  if (parts.length === 1) {
    const alone = path.length <= 2 || kind !== undefined;
    return alone && parts[0]!.test(path.at(-1) ?? '');
  }
  return fits(parts, path) || (path[0] === defaultSchema && fits(parts, path.slice(1)));
}

function fits(parts: readonly RegExp[], path: readonly string[]): boolean {
  return parts.length === path.length && parts.every((part, index) => part.test(path[index]!));
}
