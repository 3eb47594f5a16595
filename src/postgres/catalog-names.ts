/**
 * SQL that writes the name of something a catalog column points to, as a statement run with `search_path =
 * public` has to write it: with its schema only where the bare name would not find it. NULL where the column
 * is 0. Unlike `regproc`, a name never changes because another overload comes or goes.
 */
function nameAt(oid: string, catalog: string, prefix: string, visible: string, quoted = true): string {
  const name = `x.${prefix}name`;
  return `(SELECT CASE WHEN ${visible}(x.oid) THEN '' ELSE quote_ident(xn.nspname) || '.' END || ${quoted ? `quote_ident(${name})` : name}
    FROM ${catalog} x JOIN pg_namespace xn ON xn.oid = x.${prefix}namespace WHERE x.oid = ${oid})`;
}

/** The name of a routine without its arguments, where those follow from the place it stands in. */
export function routineName(oid: string): string {
  return nameAt(`${oid}::oid`, 'pg_proc', 'pro', 'pg_function_is_visible');
}

/** The name of an operator without its types: `@@@`, `app.@@@`. */
export function operatorName(oid: string): string {
  return nameAt(oid, 'pg_operator', 'opr', 'pg_operator_is_visible', false);
}

export function operatorFamilyName(oid: string): string {
  return nameAt(oid, 'pg_opfamily', 'opf', 'pg_opfamily_is_visible');
}

/** An operator's name where the grammar takes a value: one with a schema stands in OPERATOR(). */
export function operatorValue(name: string): string {
  return /[\w"]/.test(name) ? `OPERATOR(${name})` : name;
}
