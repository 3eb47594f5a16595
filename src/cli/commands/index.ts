import type { Command, Group } from '../command.js';
import { backupCommands } from './backup.js';
import { dbCommands } from './db.js';
import { migrateCommands } from './migrate.js';
import { importCommand } from './migrate-import-command.js';
import { projectCommands } from './project.js';
import { schemaCommands } from './schema.js';

export const groups: readonly Group[] = [
  { name: 'migrate', summary: 'write migrations and run them, up and down' },
  { name: 'schema', summary: 'read, compare and apply whole schemas' },
  { name: 'backup', summary: 'back the database up, prove it, bring it back' },
  { name: 'db', summary: 'look after the database itself' },
];

/** Every command there is, in the order of --help. Parser, help and documentation come from here. */
export const commands: readonly Command[] = [
  ...projectCommands,
  ...migrateCommands,
  importCommand,
  ...schemaCommands,
  ...backupCommands,
  ...dbCommands,
];
