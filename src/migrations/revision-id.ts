const RESERVED = new Set(['head', 'heads', 'base', 'current']);
const OUTSIDE = /[^\p{L}\p{M}\p{N}_.]/u;

/**
 * What keeps a text from being the id of a revision, in words that follow `"<id>"`; undefined when nothing does.
 * An id has letters and digits of any script, `_` and `.`: whatever else stands in a target (`@ + - :`, blanks,
 * quotes) has a meaning there or ends the word in a shell.
 */
export function revisionIdFault(id: string): string | undefined {
  if (id === '') return 'is empty';
  const outside = OUTSIDE.exec(id)?.[0];
  if (outside !== undefined) return `holds ${characterName(outside)}`;
  if (!/^[\p{L}\p{N}_]/u.test(id) || !/[\p{L}\p{N}]/u.test(id))
    return 'does not begin with a letter or digit';
  if (RESERVED.has(id.toLowerCase())) return 'is a word that targets use';
  return undefined;
}

/** What an id may be, for hints. */
export const REVISION_ID_RULE =
  'A revision id has letters, digits, "_" and ".", and is not head, heads, base or current.';

/** True for a label: an id that does not begin with a digit, so that none looks like a revision or a count. */
export function isBranchName(name: string): boolean {
  return /^[\p{L}_]/u.test(name) && revisionIdFault(name) === undefined;
}

/** A character for messages, those without a picture by their number. */
export function characterName(character: string): string {
  if (character === ' ') return 'a blank';
  if (/[\p{C}\p{Z}]/u.test(character)) {
    return `the character U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return character === '"' ? `'"'` : `"${character}"`;
}
