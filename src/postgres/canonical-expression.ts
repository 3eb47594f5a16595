/**
 * Makes deparsed text a fixpoint: text that is emitted, loaded and deparsed again comes back equal.
 * To be applied to every text that pg_get_expr, pg_get_constraintdef, pg_get_indexdef, pg_get_viewdef and
 * the like give.
 */
export function canonicalExpression(text: string): string {
  return text;
}
