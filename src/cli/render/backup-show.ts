import type { PlaceOfBackup, ShownBackup } from '../../library/backups/look-at-backups.js';
import type { Style } from '../style.js';
import { levelText } from './backup-level.js';
import { oneLine } from './one-line.js';
import { bytesText, counted, momentText, timeText } from './quantity.js';

export function renderBackup(backup: ShownBackup, style: Style): string {
  const { id, manifest, places, state, problem, pinned, tags, verified } = backup;
  const head = [
    style.bold(id),
    ...(state === 'incomplete' ? [style.red(`  incomplete: ${oneLine(problem ?? 'unknown')}`)] : []),
  ];
  const tail = [
    ...(pinned ? ['  pinned'] : []),
    ...(tags.length > 0 ? [`  tags: ${tags.map(oneLine).join(', ')}`] : []),
    `  ${verified === null ? style.yellow('unverified') : `proven ${momentText(verified.at)}: ${levelText(verified.level)}`}`,
    ...places.map((place) => placeLine(place, style)),
  ];
  if (manifest === null) return [...head, ...tail].join('\n');
  const { engine, migrations, totals, tables, parts, encryption, capture, trigger, createdAt } = manifest;
  const took = Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt);
  return [
    ...head,
    `  ${oneLine(manifest.database)}, ${engine.kind} ${oneLine(engine.version)}, at ${momentText(createdAt)} UTC, in ${timeText(took)}`,
    `  ${bytesText(totals.bytes)}, ${counted(totals.rows, 'row')} in ${counted(totals.tables, 'table')}`,
    `  ${oneLine(capture.method)}, ${oneLine(capture.compression)}, by ${oneLine(engine.writer)}, ${trigger.kind}${
      trigger.migration === null ? '' : ` of ${oneLine(trigger.migration)}`
    }`,
    `  migrations: ${migrations === null ? 'no history' : `${migrations.applied.length} applied, at ${migrations.heads.map(oneLine).join(', ')}`}`,
    ...(encryption === null ? [] : [`  encrypted to ${encryption.recipients.map(oneLine).join(', ')}`]),
    ...tail,
    style.dim('  parts'),
    ...parts.map(({ name, role, bytes }) => `    ${name} (${oneLine(role)}), ${bytesText(bytes)}`),
    style.dim('  tables'),
    ...tables.map(
      ({ schema, name, rows }) =>
        `    ${oneLine(schema === '' ? name : `${schema}.${name}`)}: ${rows === null ? 'rows left out' : counted(rows, 'row')}`,
    ),
  ].join('\n');
}

function placeLine({ place, state, problem, bytes }: PlaceOfBackup, style: Style): string {
  return state === 'complete'
    ? `  ${place}: ${bytesText(bytes)}`
    : `  ${place}: ${style.red(oneLine(problem ?? 'incomplete'))}`;
}
