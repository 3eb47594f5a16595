import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { qualified, quoteIdent } from '../identifiers.js';

/** How a sequence counts. Numbers are texts, as bigint does not fit a JavaScript number. */
export type SequenceShape = {
  readonly start: string;
  readonly increment: string;
  /** Null for the default of the type and direction. */
  readonly min: string | null;
  readonly max: string | null;
  readonly cache: string;
  readonly cycle: boolean;
};

export interface SequenceProps extends SequenceShape {
  readonly type: string;
  readonly unlogged: boolean;
  /** The id of the column that takes it along when dropped; null for a free sequence. */
  readonly ownedBy: string | null;
}

/** SQL for a json object with the fields of SequenceShape, from a row of pg_sequence under the alias `q`. */
export const SEQUENCE_SHAPE = `json_build_object(
        'start', q.seqstart::text,
        'increment', q.seqincrement::text,
        'min', nullif(q.seqmin, CASE WHEN q.seqincrement > 0 THEN 1 ELSE ${typeBound('-32768', '-2147483648', '-9223372036854775808')} END)::text,
        'max', nullif(q.seqmax, CASE WHEN q.seqincrement < 0 THEN -1 ELSE ${typeBound('32767', '2147483647', '9223372036854775807')} END)::text,
        'cache', q.seqcache::text,
        'cycle', q.seqcycle)`;

function typeBound(small: string, int: string, big: string): string {
  return `CASE q.seqtypid WHEN 21 THEN '${small}'::int8 WHEN 23 THEN '${int}'::int8 ELSE '${big}'::int8 END`;
}

/** SQL: true for a row of pg_sequence, `q`, with the usual shape. */
export const USUAL_SEQUENCE = `q.seqstart = 1 AND q.seqincrement = 1 AND q.seqmin = 1 AND q.seqcache = 1
          AND NOT q.seqcycle AND q.seqmax = ${typeBound('32767', '2147483647', '9223372036854775807')}`;

/** The shape of a sequence for which nobody asked for anything. */
export const USUAL_SHAPE: SequenceShape = {
  start: '1',
  increment: '1',
  min: null,
  max: null,
  cache: '1',
  cycle: false,
};

/** The options that differ from what the server would choose, as CREATE SEQUENCE takes them. */
export function sequenceOptions(shape: SequenceShape): string[] {
  const firstValue = countsDown(shape) ? (shape.max ?? '-1') : (shape.min ?? '1');
  return [
    ...(shape.increment === '1' ? [] : [`INCREMENT BY ${shape.increment}`]),
    ...(shape.min === null ? [] : [`MINVALUE ${shape.min}`]),
    ...(shape.max === null ? [] : [`MAXVALUE ${shape.max}`]),
    ...(shape.start === firstValue ? [] : [`START WITH ${shape.start}`]),
    ...(shape.cache === '1' ? [] : [`CACHE ${shape.cache}`]),
    ...(shape.cycle ? ['CYCLE'] : []),
  ];
}

/** The options that lead from one shape to the other, as ALTER SEQUENCE takes them. */
export function sequenceChanges(before: SequenceShape, after: SequenceShape): string[] {
  // The server leaves the bounds as they are when the direction turns, so they are said again; where the
  // sequence stands is then outside of them.
  const turned = countsDown(before) !== countsDown(after);
  return [
    ...(before.increment === after.increment ? [] : [`INCREMENT BY ${after.increment}`]),
    ...(before.min === after.min && !turned
      ? []
      : [after.min === null ? 'NO MINVALUE' : `MINVALUE ${after.min}`]),
    ...(before.max === after.max && !turned
      ? []
      : [after.max === null ? 'NO MAXVALUE' : `MAXVALUE ${after.max}`]),
    ...(before.start === after.start ? [] : [`START WITH ${after.start}`]),
    ...(turned ? ['RESTART'] : []),
    ...(before.cache === after.cache ? [] : [`CACHE ${after.cache}`]),
    ...(before.cycle === after.cycle ? [] : [after.cycle ? 'CYCLE' : 'NO CYCLE']),
  ];
}

function countsDown(shape: SequenceShape): boolean {
  return shape.increment.startsWith('-');
}

/** CREATE SEQUENCE, complete. */
export function createSequence(sequence: SchemaObject): string {
  const props = propsOf<SequenceProps>(sequence);
  const words = [
    `CREATE ${props.unlogged ? 'UNLOGGED ' : ''}SEQUENCE ${qualified(sequence.schema, sequence.name)}`,
    ...(props.type === 'bigint' ? [] : [`AS ${props.type}`]),
    ...sequenceOptions(props),
    ...(props.ownedBy === null ? [] : [ownedByClause(props.ownedBy)]),
  ];
  return words.join(' ');
}

/** `OWNED BY users.id`, from the column's id, or `OWNED BY NONE`. */
export function ownedByClause(columnId: string | null): string {
  if (columnId === null) return 'OWNED BY NONE';
  const [schema, table, column] = objectPath(columnId);
  return `OWNED BY ${qualified(schema!, table!)}.${quoteIdent(column!)}`;
}

/**
 * True when the column's sequence and its default are both among the folded parts: the sequence only is
 * where `serial` makes the same one, so the column can be written as serial.
 */
export function foldsToSerial(columnId: string, folded: readonly SchemaObject[]): boolean {
  const has = (kind: string) => folded.some((part) => part.kind === kind && part.parent === columnId);
  return has('sequence') && has('default');
}

/** The folded sequences that serial cannot stand for, because a cycle took the default out of the fold. */
export function separateSequences(folded: readonly SchemaObject[]): string[] {
  return folded
    .filter((part) => part.kind === 'sequence' && !foldsToSerial(part.parent ?? '', folded))
    .map(createSequence);
}
