import { migrationEngine } from '../../migrations/engine.js';
import type { LogRecord } from '../../migrations/history.js';
import { migrationStatus } from '../../migrations/status.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderHistory } from '../render/migrate-status.js';

/** The revisions and their states; with --verbose also the log of everything that was ever done. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const connection = await context.openTarget('empty');
  const status = await migrationStatus(connection, folder);
  const log = await (await migrationEngine(connection)).history.readLog();
  const { style, verbose } = context.output;
  const lines = [renderHistory(status, style)];
  if (verbose && log.length > 0) lines.push('', ...log.map(logLine));
  else if (log.some(({ outcome }) => outcome === 'failed'))
    lines.push(style.dim('--verbose shows the log, failures included'));
  return {
    result: { target: connection.label, current: status.current, migrations: status.migrations, log },
    text: lines.join('\n'),
  };
}

function logLine(entry: LogRecord): string {
  const what = entry.revision === null ? 'run' : entry.revision;
  const where = entry.statement === null ? '' : ` at statement ${entry.statement}`;
  const why = entry.error === null ? '' : `: ${entry.error.split('\n')[0]}`;
  return `${entry.at}  ${entry.operation} ${what} ${entry.outcome}${where}${why}  (${entry.by} on ${entry.host}, process ${entry.pid})`;
}
