import { TidemarkError } from '../errors.js';
import type { Dialect, ScriptStatement } from '../schema/dialect.js';
import { excerptAt } from '../schema/source-excerpt.js';
import type { Directives } from './directives.js';

/** A migration's text in one direction, cut into statements and ready to run. */
export interface Script {
  /** What messages call it. */
  readonly path: string;
  readonly text: string;
  readonly statements: readonly ScriptStatement[];
  /** How it runs: in one transaction, or piece by piece with its progress on record. */
  readonly mode: 'transaction' | 'resumable';
  /** The pieces of a resumable script, in order and without gaps. */
  readonly units: readonly Unit[];
}

/** Statements that succeed or fail together. */
export interface Unit {
  readonly first: number;
  /** The statement after the last. */
  readonly end: number;
  /**
   * `shared`: in a transaction of ours, its progress with it. `own`: a transaction of the file's, the
   * progress before its COMMIT. `alone`: one statement that no transaction covers.
   */
  readonly kind: 'shared' | 'own' | 'alone';
}

/**
 * Cuts a script and decides how it runs. Throws TidemarkError: what `splitScript` throws, and
 * `transaction-control` for a file that takes transactions into its own hands without saying so, or in a
 * way that cannot be followed.
 */
export async function readScript(
  dialect: Dialect,
  text: string,
  path: string,
  transaction: Directives['transaction'],
  mayCommit: (sql: string) => boolean,
): Promise<Script> {
  const statements = await dialect.splitScript(text, path);
  if (transaction === 'file') {
    const control = statements.find((statement) => statement.transactionControl);
    if (control !== undefined) {
      throw refuse(
        control,
        text,
        path,
        `${firstWords(control.sql)} has no place in a migration: each runs in a transaction of its own`,
        [
          'Remove it, or put "-- tidemark:transaction none" at the top of the file to run it as it is written.',
        ],
      );
    }
  }
  const units =
    transaction === 'none' ? unitsAsWritten(statements, text, path, mayCommit) : unitsGrouped(statements);
  const whole =
    units.length === 0 || (transaction === 'file' && units.length === 1 && units[0]!.kind === 'shared');
  return { path, text, statements, mode: whole ? 'transaction' : 'resumable', units };
}

/** The script of a migration that is a program: it has no statements, and one transaction. */
export function programScript(text: string, path: string): Script {
  return { path, text, statements: [], mode: 'transaction', units: [] };
}

/** As few pieces as the engine allows: a break around what refuses a transaction and after what needs a commit. */
function unitsGrouped(statements: readonly ScriptStatement[]): Unit[] {
  const units: Unit[] = [];
  for (const [index, statement] of statements.entries()) {
    const last = units.at(-1);
    const before = statements[index - 1];
    const joins =
      last?.kind === 'shared' && statement.transactional && (!before!.commitAfter || statement.commitAfter);
    if (joins) units[units.length - 1] = { ...last, end: index + 1 };
    else units.push({ first: index, end: index + 1, kind: statement.transactional ? 'shared' : 'alone' });
  }
  return units;
}

const OPENS = /^(?:begin|start\s+transaction)\b/i;
const CLOSES = /^(?:commit|end|rollback|abort)\b(?!\s+prepared\b)(?!\s+(?:(?:work|transaction)\s+)?to\b)/i;
const UNFOLLOWABLE = /^prepare\s+transaction\b|\band\s+chain\s*$/i;

/** Statement by statement, as the author asked; a BEGIN … COMMIT of the file stays together. */
function unitsAsWritten(
  statements: readonly ScriptStatement[],
  text: string,
  path: string,
  mayCommit: (sql: string) => boolean,
): Unit[] {
  const units: Unit[] = [];
  let opened: number | undefined;
  for (const [index, statement] of statements.entries()) {
    const control = statement.transactionControl && statement.transactional;
    if (control && UNFOLLOWABLE.test(statement.sql)) {
      throw refuse(
        statement,
        text,
        path,
        `${firstWords(statement.sql)} cannot be followed: the progress could not be kept`,
        ['End each transaction with COMMIT and begin the next with BEGIN.'],
      );
    }
    if (opened !== undefined) {
      if (!control || !CLOSES.test(statement.sql)) continue;
      units.push({ first: opened, end: index + 1, kind: 'own' });
      opened = undefined;
    } else if (control && OPENS.test(statement.sql)) {
      opened = index;
    } else if (control) {
      throw refuse(statement, text, path, `${firstWords(statement.sql)} stands outside a transaction`, [
        'Put BEGIN before it, or remove it.',
      ]);
    } else {
      const alone = !statement.transactional || mayCommit(statement.sql);
      units.push({ first: index, end: index + 1, kind: alone ? 'alone' : 'shared' });
    }
  }
  if (opened !== undefined) {
    throw refuse(statements[opened]!, text, path, 'the transaction that begins here is never ended', [
      'Add COMMIT.',
    ]);
  }
  return units;
}

/** True when the transaction of an `own` unit is kept. */
export function endsWithCommit(script: Script, unit: Unit): boolean {
  return /^(?:commit|end)\b/i.test(script.statements[unit.end - 1]!.sql);
}

function firstWords(sql: string): string {
  return sql.trim().split(/\s+/).slice(0, 2).join(' ').toUpperCase();
}

function refuse(
  statement: ScriptStatement,
  text: string,
  path: string,
  message: string,
  hints: readonly string[],
): TidemarkError {
  return new TidemarkError('transaction-control', message, {
    location: { file: path, line: statement.line, column: statement.column },
    excerpt: excerptAt(text, statement.offset),
    hints,
  });
}
