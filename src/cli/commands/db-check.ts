import { TidemarkError } from '../../errors.js';
import {
  checkDatabase,
  type DatabaseCheck,
  parseRequirement,
  type Requirement,
  requiredKinds,
} from '../../postgres/check-database.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { type ErrorReport, reportError } from '../errors.js';
import { renderCheck, renderUnreachable } from '../render/database-check.js';

type CheckResult =
  | ({ readonly reachable: true; readonly target: string } & DatabaseCheck)
  | {
      readonly reachable: false;
      readonly target: string;
      readonly problems: readonly string[];
      readonly error: ErrorReport;
    };

export async function run(context: Context): Promise<Outcome> {
  if ((await context.url()).engine === 'sqlite') return (await import('./db-check-sqlite.js')).run(context);
  return checkServer(context);
}

async function checkServer(context: Context): Promise<Outcome<CheckResult>> {
  const { options, output } = context;
  const require = options.list('require').map(requirement);
  const { safeUrl } = await import('../../database/database-url.js');
  const target = safeUrl(await context.url());
  output.progress(`connecting to ${target}`);
  let check: DatabaseCheck;
  try {
    const connection = await context.openTarget('refuse');
    check = await checkDatabase(connection, {
      require,
      longTransactionSeconds: (options.duration('long-transaction') ?? 300_000) / 1000,
    });
  } catch (error) {
    // Not being reachable is what the check is for; wrong usage is not.
    if (error instanceof TidemarkError && error.exitCode === 2) throw error;
    const report = reportError(error);
    const problems = [output.mask(report.message)];
    return {
      result: { reachable: false, target, problems, error: report },
      text: output.mask(renderUnreachable(target, report, output.style)),
      exitCode: 3,
    };
  }
  return {
    result: { reachable: true, target, ...check },
    text: renderCheck(target, check, output.style),
    exitCode: check.problems.length > 0 ? 3 : 0,
  };
}

function requirement(text: string): Requirement {
  const parsed = parseRequirement(text);
  if (parsed) return parsed;
  throw new TidemarkError('usage', `--require ${text} is not KIND:NAME`, {
    exitCode: 2,
    hints: [`KIND is one of ${requiredKinds.join(', ')}; for example --require table:users.`],
  });
}
