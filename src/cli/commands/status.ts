import { graphOf } from '../../migrations/compare-history.js';
import { migrationStatus } from '../../migrations/status.js';
import { planBetween, readDatabase } from '../../planning/plan-between.js';
import { describeChange } from '../../planning/prove.js';
import { migrationState } from '../../planning/resolve-source.js';
import { diffSchemas } from '../../schema/diff.js';
import { isEmptyPlan } from '../../schema/plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, reportPlanning, schemaSource } from '../planning.js';
import { renderStatus } from '../render/migrate-status.js';

/**
 * The whole picture: what is applied, whether the migrations lead to the wanted schema, and whether the
 * database still is what its applied migrations make of it (drift).
 */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const connection = await context.openTarget('empty');
  const status = await migrationStatus(connection, folder);
  const bench = await openWorkbench(context);

  const wanted = await schemaSource(context);
  const { openDatabase } = await import('../../database/open-database.js');
  const plan = await planBetween(bench, migrationState(folder, undefined), wanted, {
    open: openDatabase,
    prove: false,
  });
  const unwritten = !isEmptyPlan(plan.up);

  const at = status.current.at(-1) ?? 'base';
  const isInFolder = status.migrations.some(({ revision, file }) => revision === at && file !== null);
  const known = at === 'base' || isInFolder || graphOf(folder).aliases.has(at);
  const unfinished = status.migrations.find(({ state }) => state === 'applying' || state === 'reverting');
  const comparable = known && unfinished === undefined;
  const drift: string[] = [];
  if (comparable) {
    const source = migrationState(folder, at);
    const expected = source.type === 'scripts' ? await bench.readScripts(source.files) : bench.empty();
    const actual = await readDatabase(bench, connection);
    drift.push(
      ...diffSchemas(expected, actual, bench.dialect).map((change) => describeChange(change, bench.dialect)),
    );
  }
  await bench.close();
  reportPlanning(context, bench, plan);

  const todo = status.pending > 0 || status.problems.length > 0 || unwritten || drift.length > 0;
  const { style } = context.output;
  return {
    result: {
      target: connection.label,
      migrations: status,
      schema: { matchesMigrations: !unwritten, steps: plan.up.steps.map(({ summary }) => summary) },
      drift: comparable ? drift : null,
    },
    text: [
      renderStatus(status, connection.label, style),
      unwritten
        ? `${style.yellow('the schema and the migrations differ')} (tidemark migrate diff NAME writes the difference):`
        : 'the migrations lead to the schema',
      ...plan.up.steps.slice(0, 20).map(({ summary }) => `  ${summary}`),
      unfinished !== undefined
        ? `drift cannot be told until ${unfinished.revision} is finished`
        : !known
          ? 'drift cannot be told: the database is at a revision without a file'
          : drift.length === 0
            ? 'the database is what its migrations made of it'
            : `${style.red('drift:')} the database was changed by hand:`,
      ...drift.slice(0, 20).map((line) => `  ${line}`),
    ].join('\n'),
    exitCode: todo && context.options.flag('check') ? 3 : 0,
  };
}
