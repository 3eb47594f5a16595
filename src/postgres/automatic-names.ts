const LIMIT = 63;

/** What an index is to the server that names it. */
export type IndexRole = 'pkey' | 'key' | 'excl' | 'idx';

/**
 * The name that PostgreSQL gives an index of a partition when it makes it by itself, as long as nothing else has that
 * name.
 * @param columns the names of the index's columns, those of INCLUDE too
 */
export function automaticIndexName(table: string, columns: readonly string[], role: IndexRole): string {
  return objectName(table, role === 'pkey' ? '' : addition(columns), role);
}

/** The name that PostgreSQL gives the sequence of a serial or identity column, as long as nothing else has it. */
export function automaticSequenceName(table: string, column: string): string {
  return objectName(table, column, 'seq');
}

/** ChooseIndexNameAddition: it stops adding at the limit, and counts bytes. */
function addition(columns: readonly string[]): string {
  let text = '';
  for (const column of columns) {
    text = text === '' ? column : `${text}_${column}`;
    if (size(text) > LIMIT) break;
  }
  return text;
}

/** makeObjectName: the longer of the two parts is cut until the whole fits. */
function objectName(first: string, second: string, label: string): string {
  const room = LIMIT - size(label) - 1 - (second === '' ? 0 : 1);
  let left = size(first);
  let right = size(second);
  while (left + right > room) {
    if (left > right) left--;
    else right--;
  }
  return [cut(first, left), ...(second === '' ? [] : [cut(second, right)]), label].join('_');
}

function size(text: string): number {
  return Buffer.byteLength(text);
}

/** As many whole characters as fit. */
function cut(text: string, bytes: number): string {
  let cutText = '';
  let used = 0;
  for (const character of text) {
    used += size(character);
    if (used > bytes) break;
    cutText += character;
  }
  return cutText;
}
