import { type Connection, DatabaseError } from '../database/connection.js';
import { RowsInTheWay, type StoppingRows } from './rows-in-the-way.js';
import type { Script } from './script.js';
import { NAME, type Rebuild, unquoted } from './sqlite-rebuilds.js';

/** A query for rows that would stop a statement. */
export interface RowQuestion {
  /** The statement, by index. */
  readonly statement: number;
  readonly query: string;
  /** What is wrong with such rows, where the line above says so. */
  readonly reason: string | null;
  /** True when no statement before its own can change the answer, so that it can be asked before the first. */
  readonly early: boolean;
}

/** Finds `-- Rows that stop it: SELECT …` above statements, with a `-- May fail: …` before it. */
export function rowQuestions({ text, statements }: Script, rebuilds: readonly Rebuild[]): RowQuestion[] {
  const questions: RowQuestion[] = [];
  const line =
    /^(?:[ \t]*-- May fail: (?<reason>.+?)[ \t]*\r?\n)?[ \t]*-- Rows that stop it: (?<query>.+?)[ \t\r]*$/gm;
  let from = 0;
  let early = true;
  for (const [statement, { offset, sql }] of statements.entries()) {
    for (const { groups } of text.slice(from, offset).matchAll(line)) {
      questions.push({ statement, query: groups!.query!, reason: groups!.reason ?? null, early });
    }
    early &&= keepsAnswers(sql, rebuilds);
    from = offset + sql.length;
  }
  return questions;
}

const STARTS: readonly RegExp[] = [
  /^(?:create|pragma|analyze|reindex|select|explain)\b/i,
  /^drop\s+(?:index|view|trigger)\b/i,
  /^alter\s+table\b(?!.*\brename\b)/is,
];
const TARGET = new RegExp(
  String.raw`^(?:drop\s+table\s+(?:if\s+exists\s+)?|insert\s+(?:or\s+\w+\s+)?into\s+|delete\s+from\s+|alter\s+table\s+)(?:main\s*\.\s*)?(?<name>${NAME})`,
  'iu',
);

/** True for a statement that leaves the rows of every table as they were, a table's rebuild taken as one. */
function keepsAnswers(sql: string, rebuilds: readonly Rebuild[]): boolean {
  if (STARTS.some((start) => start.test(sql))) return true;
  const name = TARGET.exec(sql)?.groups?.name;
  if (name === undefined) return false;
  const target = unquoted(name).toLowerCase();
  if (target === 'sqlite_sequence') return true;
  return rebuilds.some(({ table, copy }) =>
    (/^drop\b/i.test(sql) ? [table] : /^delete\b/i.test(sql) ? [] : [copy]).some(
      (each) => each.toLowerCase() === target,
    ),
  );
}

/**
 * Asks all questions that can be asked before the first statement, and gives those that have to wait: what comes
 * before them may change the answer, or makes the very columns they name. Throws RowsInTheWay with every one that
 * found rows.
 */
export async function askEarly(
  connection: Connection,
  questions: readonly RowQuestion[],
): Promise<readonly RowQuestion[]> {
  const found: StoppingRows[] = [];
  const later: RowQuestion[] = [];
  for (const question of questions) {
    const answer = question.early ? await countRows(connection, question).catch(notYet) : undefined;
    if (answer === undefined) later.push(question);
    else if (answer.rows > 0) found.push(answer);
  }
  if (found.length > 0) throw new RowsInTheWay(found);
  return later;
}

/** Asks what has waited for this statement. Throws RowsInTheWay. */
export async function askBefore(
  connection: Connection,
  questions: readonly RowQuestion[],
  statement: number,
): Promise<void> {
  const found: StoppingRows[] = [];
  for (const question of questions) {
    if (question.statement !== statement) continue;
    const answer = await countRows(connection, question);
    if (answer.rows > 0) found.push(answer);
  }
  if (found.length > 0) throw new RowsInTheWay(found);
}

/**
 * The engine cannot answer a question about what an earlier statement is to make. What else is wrong with it is said
 * at its place.
 */
function notYet(error: unknown): undefined {
  if (!(error instanceof DatabaseError)) throw error;
}

async function countRows(connection: Connection, question: RowQuestion): Promise<StoppingRows> {
  const { statement, query, reason } = question;
  const [row] = await connection.query<{ n: number }>(`SELECT count(*) AS n FROM (${query})`);
  return { statement: statement + 1, ...subjectOf(query), rows: row!.n, query, reason };
}

const FROM = new RegExp(String.raw`\bfrom\s+(?:main\s*\.\s*)?(?<table>${NAME})`, 'iu');
const COLUMN = [
  new RegExp(String.raw`\bwhere\s+(?<column>${NAME})\s+is\s+null$`, 'iu'),
  new RegExp(String.raw`^select\s+(?<column>${NAME}),\s*typeof\(\k<column>\)`, 'iu'),
];

/** The table that a question is about, and the column where it is about one. */
function subjectOf(query: string): Pick<StoppingRows, 'table' | 'column'> {
  const table = FROM.exec(query)?.groups?.table;
  const column = COLUMN.map((shape) => shape.exec(query)?.groups?.column).find((name) => name !== undefined);
  return {
    table: table === undefined ? null : unquoted(table),
    ...(column === undefined ? {} : { column: unquoted(column) }),
  };
}
