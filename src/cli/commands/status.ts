import { graphOf } from '../../migrations/compare-history.js';
import type { MigrationFolder } from '../../migrations/folder.js';
import { tipsOf } from '../../migrations/graph/reach.js';
import { type Position, statusOf } from '../../migrations/status.js';
import { upScript } from '../../planning/migration-scripts.js';
import { planBetween, readDatabase } from '../../planning/plan-between.js';
import { describeChange } from '../../planning/prove.js';
import { migrationState } from '../../planning/resolve-source.js';
import type { StateSource } from '../../planning/state-source.js';
import { diffSchemas, withoutParts } from '../../schema/diff.js';
import { isEmptyPlan } from '../../schema/plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { lookAtTarget } from '../look-at-target.js';
import { openWorkbench, reportPlanning, schemaSource } from '../planning.js';
import { renderStatus } from '../render/migrate-status.js';

/**
 * The whole picture: what is applied, whether the migrations lead to the wanted schema, and whether the
 * database still is what its applied migrations make of it (drift).
 */
export async function run(context: Context): Promise<Outcome> {
  const { connection, folder, position } = await lookAtTarget(context);
  const status = statusOf(folder, position);
  const bench = await openWorkbench(context);

  const wanted = await schemaSource(context);
  const { openDatabase } = await import('../../database/open-database.js');
  const plan = await planBetween(bench, migrationState(folder, undefined), wanted, {
    open: openDatabase,
    prove: false,
  });
  const unwritten = !isEmptyPlan(plan.up);

  const source = appliedState(folder, position);
  const unfinished = status.migrations.find(({ state }) => state === 'applying' || state === 'reverting');
  const drift: string[] = [];
  const comparable = source !== undefined && unfinished === undefined;
  if (comparable) {
    const made = source.type === 'scripts' ? await bench.readScripts(source.files) : bench.empty();
    const actual = await readDatabase(bench, connection);
    const known = bench.dialect.asOnVersion?.(made, connection.versionNumber) ?? made;
    const usual = (await bench.dialect.usualOwners?.(connection)) ?? [];
    const expected = bench.dialect.withoutOwnersOf?.(known, actual, usual) ?? known;
    const changes = withoutParts(diffSchemas(expected, actual, bench.dialect));
    drift.push(...changes.map((change) => describeChange(change, bench.dialect)));
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
      ...listed(plan.up.steps.map(({ summary }) => summary)),
      unfinished !== undefined
        ? `drift cannot be told until ${unfinished.revision} is finished`
        : source === undefined
          ? 'drift cannot be told: the database is at a revision without a file'
          : drift.length === 0
            ? 'the database is what its migrations made of it'
            : position.comparison.applied.size === 0
              ? `${style.yellow('the database has what no migration here has made')} (tidemark migrate import, stamp or up --baseline tells what is applied):`
              : `${style.red('drift:')} the database was changed by hand:`,
      ...listed(drift),
    ].join('\n'),
    exitCode: todo && context.options.flag('check') ? 3 : 0,
  };
}

/** How many differences are listed. */
const LISTED = 20;

function listed(lines: readonly string[]): string[] {
  const more = lines.length - LISTED;
  return [
    ...lines.slice(0, LISTED).map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more (--json has all)`] : []),
  ];
}

/**
 * The state that what is applied makes, on however many branches; undefined where a file is gone and no squash
 * stands for it.
 */
function appliedState(folder: MigrationFolder, { comparison }: Position): StateSource | undefined {
  const { graph, applied, migrations } = comparison;
  const label = 'the applied migrations';
  const ids = graph.order.map(({ id }) => id).filter((id) => applied.has(id));
  const files = ids.flatMap((id) => migrations.get(id) ?? []);
  if (files.length === ids.length) {
    return files.length === 0
      ? { type: 'empty', label }
      : { type: 'scripts', label, files: files.map(upScript) };
  }
  const [at, ...others] = tipsOf(graph, applied);
  const replaced = at !== undefined && others.length === 0 && graphOf(folder).aliases.has(at);
  return replaced ? migrationState(folder, at) : undefined;
}
