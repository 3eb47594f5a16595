import { DEFAULT_SCHEMA } from './identifiers.js';
import { tokens } from './lexer.js';

/**
 * The server writes the relation of a trigger or rule with its schema whatever the search path is; we write it
 * without where it is the default one. `word` is the first word of the definition that stands before it: ON, TO.
 */
export function withoutDefaultSchema(definition: string, word: 'ON' | 'TO'): string {
  let behind = false;
  for (const { kind, start, end } of tokens(definition)) {
    if (behind) {
      const prefix = `${DEFAULT_SCHEMA}.`;
      // As `qualified` does it: the server has relations of its own whose names begin so.
      return definition.startsWith(prefix, start) && !definition.startsWith('pg_', start + prefix.length)
        ? definition.slice(0, start) + definition.slice(start + prefix.length)
        : definition;
    }
    behind = kind === 'word' && definition.slice(start, end) === word;
  }
  return definition;
}
