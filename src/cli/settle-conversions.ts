import type { Dialect } from '../schema/dialect.js';
import { shortName } from '../schema/rename.js';
import { type ConvertedObject, unansweredConversions } from '../schema/value-conversions.js';
import type { Context } from './context.js';

/** Asks on a terminal what becomes of values that no cast suits; elsewhere that is refused. */
export async function settleConversions(
  context: Context,
  dialect: Dialect,
  open: readonly ConvertedObject[],
  unanswered: 'refuse' | 'drop',
): Promise<ReadonlyMap<string, string>> {
  const said = new Map<string, string>();
  if (unanswered === 'drop') return said;
  // A command that takes no such flag has nobody to ask either.
  if (!context.options.declares('using') || !context.prompt.interactive)
    throw unansweredConversions(open, dialect);
  for (const one of open) {
    const label = dialect.kind(one.object.kind).label(one.object);
    const question = `No cast leads from ${one.from} to ${one.to}. What becomes of the values of ${label}? An SQL expression:`;
    const expression = await context.prompt.ask(question, `--using ${shortName(one.object)}=EXPRESSION`);
    if (expression === '') throw unansweredConversions([one], dialect);
    said.set(one.object.id, expression);
  }
  return said;
}
