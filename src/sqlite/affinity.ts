export type Affinity = 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL' | 'NUMERIC';

/** The affinity of a declared type (https://www.sqlite.org/datatype3.html#determination_of_column_affinity). */
export function affinityOf(type: string, strict = false): Affinity {
  const name = type.toUpperCase();
  if (strict && name === 'ANY') return 'BLOB';
  if (name.includes('INT')) return 'INTEGER';
  if (/CHAR|CLOB|TEXT/.test(name)) return 'TEXT';
  if (name === '' || name.includes('BLOB')) return 'BLOB';
  if (/REAL|FLOA|DOUB/.test(name)) return 'REAL';
  return 'NUMERIC';
}
