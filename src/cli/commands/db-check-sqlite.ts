import { safeUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import {
  checkSqlite,
  filesBeside,
  type SqliteRequirement,
  sqliteRequiredKinds,
} from '../../sqlite/check-database.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportError } from '../errors.js';
import { renderUnreachable } from '../render/database-check.js';
import { renderSqliteCheck } from '../render/sqlite-check.js';

/** `db check` for a SQLite database. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const require = options.list('require').map(requirement);
  const url = await context.url();
  const target = safeUrl(url);
  const path = url.adapter === 'sqlite' ? url.path : undefined;
  try {
    // Opening the database settles what they hold, so they are looked at before.
    const files = path === undefined ? [] : filesBeside(path);
    const check = await checkSqlite(await context.openTarget('refuse'), { require, files });
    return {
      result: { reachable: true, target, ...check },
      text: renderSqliteCheck(target, check, output.style),
      exitCode: check.problems.length > 0 ? 3 : 0,
    };
  } catch (error) {
    if (error instanceof TidemarkError && error.exitCode === 2) throw error;
    const report = reportError(error);
    return {
      result: { reachable: false, target, problems: [report.message], error: report },
      text: renderUnreachable(target, report, output.style),
      exitCode: 3,
    };
  }
}

function requirement(text: string): SqliteRequirement {
  const [, kind, name] = /^([a-z]+):(.+)$/s.exec(text) ?? [];
  const known = sqliteRequiredKinds.find((candidate) => candidate === kind);
  if (known !== undefined && name !== undefined) return { kind: known, name };
  throw new TidemarkError('usage', `--require ${text} is not KIND:NAME`, {
    exitCode: 2,
    hints: [`KIND is one of ${sqliteRequiredKinds.join(', ')}; for example --require table:users.`],
  });
}
