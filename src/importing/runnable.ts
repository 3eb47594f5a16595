import { TidemarkError } from '../errors.js';
import { readScript } from '../migrations/script.js';
import type { Dialect, ScriptStatement } from '../schema/dialect.js';
import type { ImportedRevision } from './imported-project.js';

/**
 * A revision that runs as Tidemark runs them, each in a transaction of its own: a BEGIN and COMMIT around all of a
 * file go, and a file with more of them runs as it is written, outside a transaction. Throws TidemarkError: what
 * cutting a script throws, `import-unsupported` for transactions that cannot be followed.
 */
export async function runnable(revision: ImportedRevision, dialect: Dialect): Promise<ImportedRevision> {
  const { source } = revision;
  const up = await fitText(revision.up, revision.transaction, source, dialect);
  if (revision.down === undefined) return { ...revision, up: up.sql, transaction: up.transaction };
  const down = await fitText(revision.down, revision.downTransaction, `${source} (way down)`, dialect);
  return {
    ...revision,
    up: up.sql,
    transaction: up.transaction,
    down: down.sql,
    downTransaction: down.transaction,
  };
}

interface Fitted {
  readonly sql: string;
  readonly transaction: 'file' | 'none';
}

const OPENS = /^(?:begin|start\s+transaction)(?:\s+(?:work|transaction))?$/i;
const CLOSES = /^(?:commit|end)(?:\s+(?:work|transaction))?$/i;

async function fitText(
  sql: string,
  transaction: Fitted['transaction'],
  source: string,
  dialect: Dialect,
): Promise<Fitted> {
  const statements = await split(sql, source, dialect);
  const control = statements.filter((statement) => statement.transactionControl);
  if (control.length === 0) return { sql, transaction };
  const [begin, commit] = control;
  const around =
    control.length === 2 &&
    commit !== undefined &&
    OPENS.test(begin!.sql) &&
    CLOSES.test(commit.sql) &&
    statements.every(({ transactional }) => transactional);
  if (around && transaction === 'file') {
    return { sql: without(without(sql, commit), begin!), transaction };
  }
  try {
    await readScript(dialect, sql, source, 'none', () => false);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    throw new TidemarkError('import-unsupported', `${source}: ${error.message}`, {
      ...(error.location === undefined ? {} : { location: error.location }),
      ...(error.excerpt === undefined ? {} : { excerpt: error.excerpt }),
      hints: [
        'Tidemark runs each migration in a transaction. Write the file so that BEGIN and COMMIT come in pairs, or without them, and import again.',
      ],
      cause: error,
    });
  }
  return { sql, transaction: 'none' };
}

async function split(sql: string, source: string, dialect: Dialect): Promise<readonly ScriptStatement[]> {
  try {
    return await dialect.splitScript(sql, source);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    // The place is in the text without the tool's markers, so it is shown rather than counted out in the file.
    throw new TidemarkError('import-unsupported', `${source}: ${error.message}`, {
      ...(error.excerpt === undefined ? {} : { excerpt: error.excerpt }),
      hints: [...error.hints, 'The lines are those of the converted text.'],
      cause: error,
    });
  }
}

/** A text without a statement, its semicolon and what was its line. */
function without(sql: string, { offset, sql: statement }: ScriptStatement): string {
  const after = /^\s*?;?[ \t]*(?:\n|$)?/.exec(sql.slice(offset + statement.length))![0];
  return sql.slice(0, offset) + sql.slice(offset + statement.length + after.length);
}
