import type { SchemaObject } from '../schema/object.js';
import { relationOf } from './identifiers.js';

const WORDS: Readonly<Record<string, string>> = {
  view: 'VIEW',
  'materialized-view': 'MATERIALIZED VIEW',
};

/** The relation that a part belongs to, as ALTER takes it: `TABLE users`, `MATERIALIZED VIEW totals`. */
export function relationWithWord(part: SchemaObject): string {
  const kind = part.parent!.slice(0, part.parent!.indexOf(':'));
  return `${WORDS[kind] ?? 'TABLE'} ${relationOf(part)}`;
}
