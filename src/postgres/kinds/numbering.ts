import type { Change } from '../../schema/diff.js';
import { type InPlace, propsOf, type RenderContext } from '../../schema/kind.js';
import { dependentsOf } from '../../schema/lookup.js';
import type { SchemaObject } from '../../schema/object.js';
import { plainRelationOf, qualified, quoteIdent, quoteLiteral, relationOf } from '../identifiers.js';
import { roleName } from '../privileges/grants.js';
import { temporaryNames } from '../temporary-names.js';
import { alterColumn, type ColumnProps, defaultText } from './column-definition.js';
import { ownerOf } from './owner.js';
import { createSequence, ownedByClause } from './sequence-definition.js';

/**
 * The sequence of a serial column that becomes an identity column, or the other way round. Undefined for every
 * other change, and where something besides the column's own default uses the sequence that goes.
 */
export function takenOver(
  before: SchemaObject,
  after: SchemaObject,
  changes: readonly Change[],
  context: RenderContext,
): SchemaObject | undefined {
  if (isIdentity(before) === isIdentity(after)) return undefined;
  const action = isIdentity(after) ? 'drop' : 'create';
  for (const change of changes) {
    if (change.action !== action || change.object.kind !== 'sequence') continue;
    const sequence = change.object;
    if (action === 'create' || !isUsedBesides(sequence, [fallbackOf(after), commentOf(sequence)], context)) {
      return sequence;
    }
  }
  return undefined;
}

/**
 * The alteration in which one sequence takes over from another and counts on from where that one stands.
 * @param sequence what `takenOver` found
 * @param rest what the column itself changes by
 */
export function changeNumbering(
  before: SchemaObject,
  after: SchemaObject,
  sequence: SchemaObject,
  context: RenderContext,
  rest: InPlace,
): InPlace {
  const toIdentity = isIdentity(after);
  const settles = [sequence.id, fallbackOf(after), ...(toIdentity ? [commentOf(sequence)] : [])];
  const subject = `${plainRelationOf(after)}.${after.name}`;
  const words = toIdentity ? 'serial column %s an identity column' : 'identity column %s a serial column';
  return {
    ...rest,
    sql: toIdentity
      ? serialToIdentity(after, sequence, context, rest.sql)
      : identityToSerial(before, after, sequence, context, rest.sql),
    summary: `Make ${words.replace('%s', subject)} that counts on from where it stands`,
    hazards: (rest.hazards ?? []).filter(({ code }) => code !== FORGOTTEN),
    settles,
    touches: settles,
    // The sequence has to have the owner that the table has.
    follows: [`owner:${after.parent}`, ...(rest.follows ?? [])],
    // What was granted on the one sequence is granted on the other.
    disturbs: (dependent) =>
      dependent.id === `privileges:${sequence.id}` || (rest.disturbs?.(dependent) ?? false),
  };
}

/** The code of the hazard that a numbering ends and nothing goes on from where it stood. */
export const FORGOTTEN = 'drop-identity';

function fallbackOf(column: SchemaObject): string {
  return `default${column.id.slice('column'.length)}`;
}

function commentOf(sequence: SchemaObject): string {
  return `comment:${sequence.id}`;
}

function isIdentity(column: SchemaObject): boolean {
  return propsOf<ColumnProps>(column).identity !== null;
}

function isUsedBesides(
  sequence: SchemaObject,
  users: readonly string[],
  { from, to }: RenderContext,
): boolean {
  return dependentsOf(from, sequence.id).some(
    ({ id, parent }) => parent !== sequence.id && to.objects.has(id) && !users.includes(id),
  );
}

function serialToIdentity(
  column: SchemaObject,
  sequence: SchemaObject,
  context: RenderContext,
  rest: readonly string[],
): string[] {
  // The name is wanted for the sequence of the identity.
  const [temporary] = temporaryNames([sequence], context) as [string];
  const old = qualified(sequence.schema, temporary);
  const name = qualified(sequence.schema, sequence.name);
  return [
    ...(context.from.objects.has(fallbackOf(column)) ? [`${alterColumn(column)} DROP DEFAULT`] : []),
    `ALTER SEQUENCE ${name} OWNED BY NONE`,
    `ALTER SEQUENCE ${name} RENAME TO ${quoteIdent(temporary)}`,
    ...rest,
    `SELECT setval(${serialSequence(column)}, last_value, is_called) FROM ${old}`,
    `DROP SEQUENCE ${old}`,
  ];
}

function identityToSerial(
  before: SchemaObject,
  after: SchemaObject,
  sequence: SchemaObject,
  context: RenderContext,
  rest: readonly string[],
): string[] {
  const [temporary] = temporaryNames([sequence], context, '__new') as [string];
  const made = qualified(sequence.schema, temporary);
  const value = context.to.objects.get(fallbackOf(after));
  const owner = ownerOf(after.parent!, context.to);
  return [
    createSequence({ ...sequence, name: temporary, props: { ...sequence.props, ownedBy: null } }),
    // Nothing when it never counted: setval is strict.
    `SELECT setval(${quoteLiteral(made)}, pg_sequence_last_value(${serialSequence(before)}::regclass))`,
    ...rest,
    `ALTER SEQUENCE ${made} RENAME TO ${quoteIdent(sequence.name)}`,
    ...(owner === null
      ? []
      : [`ALTER SEQUENCE ${qualified(sequence.schema, sequence.name)} OWNER TO ${roleName(owner)}`]),
    `ALTER SEQUENCE ${qualified(sequence.schema, sequence.name)} ${ownedByClause(after.id)}`,
    ...(value === undefined
      ? []
      : [`${alterColumn(after)} SET DEFAULT ${defaultText(value, propsOf<ColumnProps>(after).type)}`]),
  ];
}

/** An expression for the name of the sequence behind a column. */
function serialSequence(column: SchemaObject): string {
  return `pg_get_serial_sequence(${quoteLiteral(relationOf(column))}, ${quoteLiteral(column.name)})`;
}
