import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import type { Schema } from '../schema/object.js';
import { convertedObjects, resolveConversions } from '../schema/value-conversions.js';
import type { PlanOptions } from './plan-between.js';

/**
 * The expressions for the values whose type changes between two states: those that hints give, and what is said when
 * asked about the rest. Throws `using-unknown`, and `using-invalid` for what is no expression.
 */
export async function settleConversions(
  { dialect }: { readonly dialect: Dialect },
  from: Schema,
  to: Schema,
  { conversions: hints = [], onUnknownConversions }: PlanOptions,
): Promise<ReadonlyMap<string, string>> {
  const converted = convertedObjects(from, to, dialect);
  const said = resolveConversions(hints, converted);
  const open = converted.filter(({ object, known }) => !known && !said.has(object.id));
  const answered = open.length > 0 && onUnknownConversions ? await onUnknownConversions(open) : [];
  const all = new Map([...said, ...answered]);
  for (const { object } of converted) {
    const expression = all.get(object.id);
    if (expression === undefined) continue;
    await requireExpression(expression, dialect.kind(object.kind).label(object), dialect);
  }
  return all;
}

/** One expression and nothing behind it: it stands at the end of a statement. */
async function requireExpression(expression: string, label: string, dialect: Dialect): Promise<void> {
  let why = 'it goes on behind its end';
  try {
    const found = await dialect.splitScript(`SELECT (${expression})`, 'the expression');
    if (found.length === 1) return;
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    why = error.message;
  }
  throw new TidemarkError(
    'using-invalid',
    `what is said about the values of ${label} is no SQL expression: ${expression} (${why})`,
    { exitCode: 2, hints: [`An expression is what stands behind USING: nullif(age, '')::int`] },
  );
}
