import type { Hazard } from '../../schema/kind.js';

const WHOLE = /^(smallint|integer|bigint)$/;
const FLOATING = /^(real|double precision)$/;
const STRING = /^(text|character varying|character|name|"char")$/;
/** How many bits a number has. */
const BITS: Readonly<Record<string, number>> = { smallint: 16, integer: 32, bigint: 64 };
/** How many digits behind the point a time has that says nothing of them. */
const TIME_DIGITS = 6;

interface Parts {
  /** `timestamp with time zone`, without what stands in parentheses. */
  readonly name: string;
  readonly sizes: readonly number[];
}

/** What a type, or that of an array's elements, is made of. */
function parts(type: string): Parts {
  const sizes = /\(([\d, -]+)\)/.exec(type)?.[1]?.split(',').map(Number) ?? [];
  return { name: type.replace(/\([\d, -]+\)/, '').replace(/\[\]$/, ''), sizes };
}

/**
 * True when values are changed without a word where they do not fit the new type: digits behind the point, the time
 * of day, the zone, the end of a name.
 */
export function losesValues(from: string, to: string): boolean {
  const [old, wanted] = [parts(from), parts(to)];
  if (wanted.name === 'numeric') return losesDigits(old, wanted);
  // Where 7 becomes true, nobody knows later that it was 7.
  if (wanted.name === 'boolean')
    return WHOLE.test(old.name) || old.name === 'numeric' || FLOATING.test(old.name);
  if (WHOLE.test(wanted.name)) return /^(numeric|money|jsonb)$/.test(old.name) || FLOATING.test(old.name);
  if (wanted.name === 'money') return old.name === 'numeric';
  if (wanted.name === 'real') return /^(integer|bigint|numeric|double precision|jsonb)$/.test(old.name);
  if (wanted.name === 'double precision') return /^(bigint|numeric|jsonb)$/.test(old.name);
  if (/^(time|interval|date)/.test(old.name)) return losesTime(old, wanted);
  if (old.name === 'inet' && wanted.name === 'cidr') return true;
  if (wanted.name === 'bit') return STRING.test(old.name) || (wanted.sizes[0] ?? 1) < (BITS[old.name] ?? 0);
  if (wanted.name === 'bit varying' && wanted.sizes.length > 0) return STRING.test(old.name);
  // Of pgvector: half of the digits.
  if (/(^|\.)halfvec$/.test(wanted.name))
    return /(^|\.)(vector|sparsevec|real|double precision)$/.test(old.name);
  return (wanted.name === 'name' || wanted.name === '"char"') && wanted.name !== old.name;
}

function losesDigits(old: Parts, wanted: Parts): boolean {
  if (FLOATING.test(old.name)) return true;
  const scaleOf = ({ sizes }: Parts) => (sizes.length === 0 ? Number.POSITIVE_INFINITY : (sizes[1] ?? 0));
  if (WHOLE.test(old.name)) return scaleOf(wanted) < 0;
  if (STRING.test(old.name) || old.name === 'jsonb') return scaleOf(wanted) < Number.POSITIVE_INFINITY;
  if (old.name === 'money') return scaleOf(wanted) < 2;
  return old.name === 'numeric' && scaleOf(wanted) < scaleOf(old);
}

function losesTime(old: Parts, wanted: Parts): boolean {
  if (/^timestamp/.test(old.name) && /^(date|time)\b/.test(wanted.name)) return true;
  if (old.name === 'time with time zone' && wanted.name === 'time without time zone') return true;
  if (old.name.startsWith('interval') && wanted.name.startsWith('time ')) return true;
  if (!/^(time|interval)/.test(wanted.name) || old.name === 'date') return false;
  // `interval day` has no hours; what goes down to the second has all, months too.
  if (/^interval .*(?<!second)$/.test(wanted.name) && wanted.name !== old.name) return true;
  return (wanted.sizes[0] ?? TIME_DIGITS) < (old.sizes[0] ?? TIME_DIGITS);
}

/** True for a type whose texts end somewhere. */
export function isCut(type: string): boolean {
  return /^(character varying|character)\(\d+\)(\[\])?$/.test(type);
}

/** As `losesValues`, where an explicit cast makes the change: that also cuts texts which are too long. */
export function losesValuesByCast(from: string, to: string): boolean {
  if (losesValues(from, to)) return true;
  const [old, wanted] = [parts(from), parts(to)];
  return isCut(to) && !(STRING.test(old.name) && isCut(from) && old.sizes[0]! <= wanted.sizes[0]!);
}

/** What to know of values within a type that is made anew: they are read from their texts and cast. */
export function rereadValues(from: string, to: string, subject: string): Hazard[] {
  const hazard: Hazard = losesValuesByCast(from, to)
    ? {
        code: 'change-type',
        level: 'data-loss',
        subject,
        message: `values of ${subject} are cut to fit ${to}`,
      }
    : {
        code: 'change-type',
        level: 'may-fail',
        subject,
        message: `fails if a value of ${subject} cannot be read as ${to} instead of ${from}`,
      };
  return [hazard, ...conversionNotes(from, to, subject)];
}

/** What else is to be known about values of one type that become those of another; nothing of them is lost. */
export function conversionNotes(from: string, to: string, subject: string): Hazard[] {
  const [old, wanted] = [parts(from).name, parts(to).name];
  const note = (message: string): Hazard[] => [{ code: 'change-type', level: 'note', subject, message }];
  if (dependsOnZone(from, to))
    return note(
      `which times the values of ${subject} are depends on the TimeZone of the session that runs this`,
    );
  if (/^(json|text|character varying)$/.test(old) && wanted === 'jsonb')
    return note(
      `jsonb keeps of ${subject} neither blanks nor the order of keys, and of a key that is there twice the last`,
    );
  if (/^(text|character varying)$/.test(old) && wanted === 'character')
    return note(`blanks at the end of ${subject} are filled up, and count no longer`);
  return [];
}

/** True where the server takes the zone of the session for one that is not there. */
export function dependsOnZone(from: string, to: string): boolean {
  const [old, wanted] = [parts(from).name, parts(to).name];
  if (!/^(date|time)/.test(old) || !/^(date|time)/.test(wanted)) return false;
  return old.endsWith('with time zone') !== wanted.endsWith('with time zone');
}
