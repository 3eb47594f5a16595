import { basename } from 'node:path';
import type { Connection } from '../../database/connection.js';
import { type DatabaseUrl, isLocal, safeUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import type { ResetPlan } from '../../postgres/reset-database.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderReset } from '../render/reset.js';

interface ResetResult {
  readonly database: string;
  readonly dryRun: boolean;
  readonly dropped: readonly { readonly kind: string; readonly name: string }[];
  readonly extensions: readonly string[];
  readonly left: readonly string[];
}

export async function run(context: Context): Promise<Outcome<ResetResult>> {
  const url = await context.url();
  const dryRun = context.options.flag('dry-run');
  const target = safeUrl(url);
  const name = await databaseName(url);
  // Before connecting: a refusal must not depend on the database being there.
  const consent = dryRun ? undefined : await consentNeeded(context, url, name);
  const connection = await context.openTarget('refuse');
  const { plan: planIt, reset } = await resetOf(connection);
  const plan = await planIt();
  if (!dryRun && plan.drops.length > 0) await consent?.(plan);
  const done = dryRun ? plan : await reset(context.options.duration('lock-timeout') ?? 10_000);
  return {
    result: resultOf(target, dryRun, done),
    text: renderReset(target, dryRun, done, context.output.style),
  };
}

interface Reset {
  plan(): Promise<ResetPlan>;
  reset(lockTimeout: number): Promise<ResetPlan>;
}

async function resetOf(connection: Connection): Promise<Reset> {
  if (connection.engine === 'sqlite') {
    const { planSqliteReset, resetSqlite } = await import('../../sqlite/reset-database.js');
    const whole = ({ drops }: { drops: ResetPlan['drops'] }): ResetPlan => ({
      drops,
      extensions: [],
      left: [],
    });
    return {
      plan: async () => whole(await planSqliteReset(connection)),
      reset: async (lockTimeout) => {
        await connection.executeAll([`PRAGMA busy_timeout = ${lockTimeout}`]);
        return whole(await resetSqlite(connection));
      },
    };
  }
  const { planReset, resetDatabase } = await import('../../postgres/reset-database.js');
  return {
    plan: () => planReset(connection),
    reset: (lockTimeout) => resetDatabase(connection, { lockTimeout }),
  };
}

function resultOf(database: string, dryRun: boolean, plan: ResetPlan): ResetResult {
  const { extensions, left } = plan;
  return {
    database,
    dryRun,
    dropped: plan.drops.map(({ kind, name }) => ({ kind, name })),
    extensions,
    left,
  };
}

/** What the user has to type: the database's name, or the folder's of an embedded one. */
async function databaseName(url: DatabaseUrl): Promise<string> {
  if (url.adapter !== 'server') return url.path === undefined ? 'memory' : basename(url.path);
  const { resolveEndpoint } = await import('../../database/libpq-environment.js');
  return (await resolveEndpoint(url)).database;
}

type Ask = (plan: ResetPlan) => Promise<void>;

/**
 * How to get consent, or undefined when `--force NAME` has given it. Throws TidemarkError (`reset-refused`,
 * exit code 4) when it was refused, or nobody can be asked.
 */
async function consentNeeded(context: Context, url: DatabaseUrl, name: string): Promise<Ask | undefined> {
  const { options, prompt } = context;
  const environment = await context.environment();
  const forced = options.text('force');
  if (forced === name) return undefined;
  if (forced !== undefined) throw refused(`--force ${forced} is not the name of the database`, name);
  const guarded = environment.production
    ? `the environment "${environment.name}" is production`
    : isLocal(url)
      ? undefined
      : `${safeUrl(url)} is not on this machine`;
  if (guarded === undefined) {
    return async (plan) => {
      if (!(await context.confirm(`Drop ${count(plan)} in ${safeUrl(url)}?`)))
        throw refused('not confirmed', name);
    };
  }
  if (!prompt.interactive) throw refused(guarded, name);
  return async (plan) => {
    const question = `${guarded}. This drops ${count(plan)}. Type the name of the database to go on:`;
    if ((await prompt.ask(question, `--force ${name}`)) !== name)
      throw refused('the name does not match', name);
  };
}

function count({ drops }: ResetPlan): string {
  return drops.length === 1 ? 'one object with its data' : `${drops.length} objects with their data`;
}

function refused(reason: string, name: string): TidemarkError {
  return new TidemarkError('reset-refused', `the database was not reset: ${reason}`, {
    exitCode: 4,
    hints: [`To lose all data in it, give its name: --force ${name}. Look first with --dry-run.`],
    details: { database: name },
  });
}
