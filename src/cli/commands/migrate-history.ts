import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import { parseRange, revisionsIn } from '../../migrations/graph/revision-range.js';
import type { LogRecord } from '../../migrations/history.js';
import { requireNoDatabase } from '../../migrations/require-no-database.js';
import { type Position, readPosition, statusOf } from '../../migrations/status.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import type { EnvironmentPosition } from '../environment-positions.js';
import { renderHistory } from '../render/history.js';
import { oneLine } from '../render/one-line.js';

/** The revisions as a graph with their states. Works on the files alone where no database can be asked. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const folder = await context.migrations();
  const connection = await openIfPossible(context);
  const position = await readPosition(connection, folder);
  const { graph, migrations } = position.comparison;
  const status = statusOf(folder, position);
  const shown = chosen(position, options.text('range'));
  const here = connection && { target: connection.label, current: status.current };
  const positions = options.flag('all-environments') ? await positionsOf(context, folder, here) : [];
  const log =
    connection !== undefined && (options.flag('log') || output.json)
      ? await (await migrationEngine(connection)).history.readLog()
      : [];
  const ids = new Set(shown.map(({ id }) => id));
  const { drawing, verbose, style } = output;
  const view = { graph, shown, migrations, status, positions, drawing, verbose };
  const failed = status.lastRun?.outcome === 'failed';
  return {
    result: {
      target: connection?.label ?? null,
      connected: status.connected,
      current: status.current,
      heads: status.heads,
      branches: status.branches,
      migrations: status.migrations.filter(({ revision }) => ids.has(revision)),
      log,
      ...(options.flag('all-environments') ? { environments: positions } : {}),
    },
    text: [
      renderHistory(view, style),
      ...elsewhere(positions, ids),
      ...(options.flag('log') ? ['', ...(log.length > 0 ? log.map(logLine) : ['the log is empty'])] : []),
      ...(failed && !options.flag('log')
        ? [style.dim('--log shows what was ever done, failures included')]
        : []),
    ].join('\n'),
  };
}

/** Undefined, with a word about it, where there is no database or it cannot be reached. */
async function openIfPossible(context: Context): Promise<Connection | undefined> {
  const { url } = await context.environment();
  if (url === undefined) {
    context.output.note('no database is named: the states of the revisions are unknown');
    return undefined;
  }
  try {
    return await context.openTarget('empty');
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.exitCode === 2) throw error;
    context.output.warn(`the states of the revisions are unknown: ${error.message}`);
    return undefined;
  }
}

/** The revisions of `--range`, or all. Throws TidemarkError with exit code 2 as `parseRange` and `requireNoDatabase`. */
function chosen({ comparison, connected }: Position, range: string | undefined) {
  const { graph, applied } = comparison;
  if (range === undefined) return graph.order;
  if (!connected) requireNoDatabase(range);
  return revisionsIn(graph, parseRange(graph, applied, range));
}

async function positionsOf(
  context: Context,
  folder: Parameters<typeof readPosition>[1],
  here: { readonly target: string; readonly current: readonly string[] } | undefined,
): Promise<EnvironmentPosition[]> {
  const { environmentPositions } = await import('../environment-positions.js');
  const positions = await environmentPositions(context, folder, here);
  for (const { name, error } of positions)
    if (error !== null)
      context.output.warn(`environment ${oneLine(name)} cannot be asked: ${oneLine(error)}`);
  const without = positions.filter(({ current, error }) => current === null && error === null);
  if (without.length > 0) {
    const names = without.map(({ name }) => oneLine(name)).join(', ');
    context.output.note(`left out, because no database is named: ${names}`);
  }
  return positions;
}

/** The environments whose position is at none of the lines shown. */
function elsewhere(positions: readonly EnvironmentPosition[], shown: ReadonlySet<string>): string[] {
  return positions.flatMap(({ name, current }) => {
    if (current === null) return [];
    if (current.length === 0) return [`[${oneLine(name)}] at base`];
    const others = current.filter((id) => !shown.has(id));
    return others.length === 0 ? [] : [`[${oneLine(name)}] at ${oneLine(others.join(', '))}, not shown here`];
  });
}

function logLine(entry: LogRecord): string {
  const what = entry.revision === null ? 'run' : entry.revision;
  const where = entry.statement === null ? '' : ` at statement ${entry.statement}`;
  const why = entry.error === null ? '' : `: ${entry.error.split('\n')[0]}`;
  return oneLine(
    `${entry.at}  ${entry.operation} ${what} ${entry.outcome}${where}${why}  (${entry.by} on ${entry.host}, process ${entry.pid})`,
  );
}
