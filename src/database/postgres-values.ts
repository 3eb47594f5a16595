/**
 * How PostgreSQL values become JavaScript values and back, the same on a server and on the embedded
 * engine. A type becomes something other than its text only where nothing can be lost: booleans, the
 * numbers that fit (int2, int4, oid, float4, float8), JSON, bytea (Buffer), timestamptz (Date), and arrays
 * of these and of text. All else stays text: int8 and numeric would lose digits, and date and timestamp
 * would take on a time zone that they do not have.
 */
export type ValueParser = (text: string) => unknown;

const asIs: ValueParser = (text) => text;

const SCALARS: ReadonlyMap<number, ValueParser> = new Map<number, ValueParser>([
  [16, (text) => text === 't'],
  ...[21, 23, 26, 700, 701].map((oid): [number, ValueParser] => [oid, Number]),
  ...[114, 3802].map((oid): [number, ValueParser] => [oid, (text) => JSON.parse(text)]),
  [17, parseBytea],
  [1184, parseTimestamp],
]);

/** Array types of the catalog by the type of their elements (pg_type.typarray). */
const ARRAYS: ReadonlyMap<number, number> = new Map([
  ...([
    [1000, 16],
    [1001, 17],
    [1005, 21],
    [1007, 23],
    [1028, 26],
    [1021, 700],
    [1022, 701],
  ] as const),
  ...([
    [199, 114],
    [3807, 3802],
    [1185, 1184],
  ] as const),
  // Those whose elements stay text: "char", name, text, bpchar, varchar, int8, numeric, uuid, date, timestamp, regtype.
  ...[1002, 1003, 1009, 1014, 1015, 1016, 1231, 2951, 1182, 1115, 2211].map((oid) => [oid, 25] as const),
]);

/** The parser for values of a type, by its oid. */
export function parserFor(oid: number): ValueParser {
  const element = ARRAYS.get(oid);
  if (element === undefined) return SCALARS.get(oid) ?? asIs;
  const parse = SCALARS.get(element) ?? asIs;
  return (text) => parseArray(text, parse);
}

/** Reads both forms that bytea_output can give. */
function parseBytea(text: string): Buffer {
  if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex');
  const bytes = text.replace(/\\(\\|[0-7]{3})/g, (_, code: string) =>
    code === '\\' ? code : String.fromCharCode(Number.parseInt(code, 8)),
  );
  return Buffer.from(bytes, 'latin1');
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(:\d\d)?$/;

/** A Date where one can hold it; `infinity`, years outside 1 to 9999 and other date styles stay text. */
function parseTimestamp(text: string): Date | string {
  const match = TIMESTAMP.exec(text);
  return match ? new Date(`${match[1]}T${match[2]}${match[3]}${match[4] ?? ':00'}`) : text;
}

/** Reads the text of an array, `{1,NULL,"a \"b\""}`, nested ones too (chapter "Arrays", "Array input and output syntax"). */
function parseArray(text: string, parse: ValueParser): unknown[] {
  let at = text.indexOf('{');
  const list = (): unknown[] => {
    const items: unknown[] = [];
    for (at += 1; text[at] !== '}'; ) {
      if (text[at] === ',') at += 1;
      else items.push(text[at] === '{' ? list() : item());
    }
    at += 1;
    return items;
  };
  const item = (): unknown => {
    const token = /"((?:\\.|[^"\\])*)"|[^,}]+/sy;
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match) throw new Error('not the text of a PostgreSQL array');
    at = token.lastIndex;
    if (match[1] !== undefined) return parse(match[1].replace(/\\(.)/gs, '$1'));
    return match[0] === 'NULL' ? null : parse(match[0]);
  };
  return list();
}

/**
 * The text in which a parameter is sent: Dates as ISO 8601 in UTC, bytes as bytea, arrays as PostgreSQL
 * arrays, other objects as JSON; null and undefined as NULL.
 */
export function encodeParameter(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return encodeArray(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function encodeArray(items: readonly unknown[]): string {
  const parts = items.map((item) => {
    if (Array.isArray(item)) return encodeArray(item);
    const text = encodeParameter(item);
    return text === null ? 'NULL' : `"${text.replace(/[\\"]/g, '\\$&')}"`;
  });
  return `{${parts.join(',')}}`;
}
