/** Rows as psql prints them: a header, a rule, aligned columns (numbers to the right), a count. */
export function renderTable(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const count = `(${rows.length} row${rows.length === 1 ? '' : 's'})`;
  if (columns.length === 0) return count;
  const cells = rows.map((row) => columns.map((column) => showValue(row[column])));
  const numeric = columns.map((column) => rows.every((row) => isNumeric(row[column])));
  const widths = columns.map((column, i) =>
    Math.max(displayWidth(column), ...cells.map((row) => Math.max(...lines(row[i]!).map(displayWidth)))),
  );
  const header = columns.map((column, i) => pad(column, widths[i]!, 'center')).join(' | ');
  const rule = widths.map((width) => '-'.repeat(width)).join('-+-');
  const body = cells.flatMap((row) => tall(row).map((line) => joined(line, widths, numeric)));
  return [` ${header}`.trimEnd(), `-${rule}-`, ...body, count].join('\n');
}

/** A value as a cell: NULL is empty, as psql has it; bytes in hexadecimal; objects as JSON. */
export function showValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // A control character could move the cursor or worse; a line end is shown as one.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, (c) => JSON.stringify(c).slice(1, -1));
}

function isNumeric(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return true;
  return value === null || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
}

/** A row whose cells have several lines, as several rows. */
function tall(row: readonly string[]): string[][] {
  const height = Math.max(...row.map((cell) => lines(cell).length));
  return Array.from({ length: height }, (_, i) => row.map((cell) => lines(cell)[i] ?? ''));
}

function joined(cells: readonly string[], widths: readonly number[], numeric: readonly boolean[]): string {
  const padded = cells.map((cell, i) => pad(cell, widths[i]!, numeric[i] ? 'right' : 'left'));
  return ` ${padded.join(' | ')}`.trimEnd();
}

function lines(text: string): string[] {
  return text.split('\n');
}

function pad(text: string, width: number, side: 'left' | 'right' | 'center'): string {
  const space = width - displayWidth(text);
  const before = side === 'left' ? 0 : side === 'right' ? space : Math.floor(space / 2);
  return ' '.repeat(before) + text + ' '.repeat(space - before);
}

const segmenter = new Intl.Segmenter();

/** Columns on a terminal: East Asian wide characters and emoji take two, combining marks none of their own. */
function displayWidth(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII needs no segmenting
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
