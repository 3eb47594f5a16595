import type { Connection } from '../database/connection.js';

/** A SELECT whose rows are wanted. */
export interface RowSource {
  readonly query: string;
  /**
   * The names of its columns, for one with many rows: they travel as a list a column, which takes less than half of
   * what an object a row takes to write, to send and to read. A column `classid` is the same in all rows and not among
   * them; without an `objsubid` that is 0.
   */
  readonly columns?: readonly string[] | undefined;
}

/** Calls back for each row of one SELECT, once. A row is only good until the next one comes. */
export type Rows<R> = (row: (row: R) => void) => void;

/** Runs several SELECTs in one round trip; each one's rows come as one JSON text, which no driver takes apart. */
export async function readRows<R>(connection: Connection, sources: readonly RowSource[]): Promise<Rows<R>[]> {
  const texts = sources.map((source, index) => `${asText(source)} AS q${index}`);
  const [row] = await connection.query<Record<string, string>>(`SELECT ${texts.join(',\n')}`);
  const answers: (string | undefined)[] = sources.map((_, index) => row![`q${index}`]!);
  return sources.map(({ columns }, index) => (visit) => {
    // The text is let go of as soon as it has been taken apart.
    const answer = JSON.parse(answers[index]!);
    answers[index] = undefined;
    if (columns === undefined) for (const row of answer as R[]) visit(row);
    else visitLists(columns, answer as Lists, visit);
  });
}

function asText({ query, columns }: RowSource): string {
  if (columns === undefined) return `(SELECT coalesce(json_agg(x), '[]')::text FROM (${query}) x)`;
  const lists = columns.map((column) => `json_agg(x.${column})`);
  return `(SELECT json_build_array(${['min(x.classid)', ...lists].join(', ')})::text FROM (${query}) x)`;
}

/** What all rows share, and a list for each column; null where there are no rows. */
type Lists = readonly [classid: number | null, ...lists: (readonly unknown[] | null)[]];

function visitLists<R>(
  columns: readonly string[],
  [classid, ...lists]: Lists,
  visit: (row: R) => void,
): void {
  const size = lists[0]?.length ?? 0;
  // One object for all rows: making so many would cost as much as reading them.
  const row: Record<string, unknown> = { classid, objid: 0, objsubid: 0 };
  for (let index = 0; index < size; index++) {
    for (let column = 0; column < columns.length; column++) row[columns[column]!] = lists[column]![index];
    visit(row as R);
  }
}
