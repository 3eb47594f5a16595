import { TidemarkError } from '../../errors.js';
import { graphOf } from '../../migrations/compare-history.js';
import { resolveOne } from '../../migrations/graph/target.js';
import { migrationStatus } from '../../migrations/status.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { stepName } from '../migrate-events.js';

/** Where a reverse is that has no file of its own. */
const otherDown = {
  file: '(downgrade, in the same file)',
  database: '(its text is kept in the database)',
  nowhere: '(none)',
};

/** One migration: its place, its state where a database is named, and its SQL in both directions. */
export async function run(context: Context): Promise<Outcome> {
  const environment = await context.environment();
  const folder = await context.migrations();
  const graph = graphOf(folder);
  const asked = context.required('REVISION');
  // Showing a file must work without its database too.
  const connection = environment.url ? await context.openTarget('refuse').catch(() => undefined) : undefined;
  const status = await migrationStatus(connection, folder);
  const id = resolveOne(graph, new Set(status.current), asked);
  const migration = folder.migrations.find(({ version }) => version === id);
  if (id === undefined || migration === undefined) throw nothingThere(asked);
  const state = status.migrations.find(({ revision }) => revision === id)!;
  const parents = graph.byId.get(id)?.parents ?? [];
  const facts = [
    `revision   ${id}`,
    `name       ${migration.name}`,
    `parent     ${parents.join(', ') || 'none: it is the first'}`,
    `file       ${migration.path}`,
    `checksum   ${migration.checksum}`,
    ...(connection
      ? [`state      ${state.state}${state.appliedAt ? ` at ${state.appliedAt} by ${state.appliedBy}` : ''}`]
      : []),
  ];
  const { dim } = context.output.style;
  return {
    result: {
      ...state,
      state: connection ? state.state : null,
      checksum: migration.checksum,
      path: migration.path,
      up: migration.up,
      downText: migration.down?.sql ?? null,
    },
    text: [
      ...facts,
      '',
      dim(`-- ${stepName({ revision: id, name: migration.name })}, up`),
      migration.up.trimEnd(),
      '',
      dim('-- down'),
      migration.down?.sql.trimEnd() ?? otherDown[state.down ?? 'nowhere'],
    ].join('\n'),
  };
}

function nothingThere(asked: string): TidemarkError {
  return new TidemarkError('target-unknown', `"${asked}" is no migration`, {
    exitCode: 2,
    hints: ['"tidemark migrate history" lists them.'],
  });
}
