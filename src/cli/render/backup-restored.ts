import type { DroppedDatabase } from '../../library/backups/kept-databases.js';
import type { RepairedRestore, RestoredBackup, UndoneRestore } from '../../library/backups/restore-backup.js';
import type { Style } from '../style.js';
import { oneLine } from './one-line.js';
import { counted, momentText, timeText } from './quantity.js';

interface AfterRestore {
  readonly migrated: readonly string[];
  readonly pending: number | null;
}

export function renderRestored(restored: RestoredBackup, after: AfterRestore, style: Style): string {
  const { id, mode, database, createdAt, kept, before, tables, heads, rows, durationMs, notes } = restored;
  const where =
    mode === 'selection' ? `beside the tables of ${oneLine(database)}` : `as ${oneLine(database)}`;
  return [
    style.bold(`restored ${id} ${where}`),
    `  the state of ${momentText(createdAt)} UTC${
      mode === 'selection' ? '' : `, ${counted(rows, 'row')}`
    }, compared with its manifest, ${timeText(durationMs)}`,
    ...tables.map(
      (table) => `  ${oneLine(table.table)} is ${oneLine(table.restored)}: ${counted(table.rows, 'row')}`,
    ),
    ...(before === null ? [] : [`  what was there before is the backup ${before}`]),
    ...(kept === null
      ? []
      : [
          `  ${before === null ? 'what was there before' : 'and'} is kept as ${oneLine(kept)}: "tidemark backup restore --undo" brings it back`,
        ]),
    ...(heads.length > 0 && mode !== 'selection' ? [`  at ${heads.map(oneLine).join(', ')}`] : []),
    ...after.migrated.map((name) => `  + ${oneLine(name)}`),
    ...(after.pending !== null && after.pending > 0
      ? [
          style.yellow(
            `  the migrations folder has ${after.pending} more: "tidemark migrate up" (--migrate does it at once)`,
          ),
        ]
      : []),
    ...notes.map((note) => style.dim(`  ${oneLine(note)}`)),
  ].join('\n');
}

export function renderUndone({ database, kept, notes }: UndoneRestore, style: Style): string {
  return [
    style.bold(`${oneLine(database)} is what it was before the last restore`),
    ...(kept === null
      ? []
      : [`  what was live until now is kept as ${oneLine(kept)}; --undo again brings it back`]),
    ...notes.map((note) => style.dim(`  ${oneLine(note)}`)),
  ].join('\n');
}

export function renderRepaired({ database, notes }: RepairedRestore, style: Style): string {
  if (notes.length === 0) return `no restore of ${oneLine(database)} was cut off: nothing to repair`;
  return [style.bold(`repaired ${oneLine(database)}`), ...notes.map((note) => `  ${oneLine(note)}`)].join(
    '\n',
  );
}

export function renderDropped({ dropped }: DroppedDatabase, style: Style): string {
  return style.green(`removed ${oneLine(dropped)}`);
}
