import type { Command, Option } from '../command.js';

const rename: Option = {
  type: 'list',
  value: 'OLD=NEW',
  summary: 'a rename, not a drop and a create: users.nick=users.nickname',
};
const notRenamed: Option = { type: 'list', value: 'OLD', summary: 'no rename: OLD goes with its data' };

/** The commands of `tidemark migrate` that write migrations. */
export const writingCommands: readonly Command[] = [
  {
    path: ['migrate', 'diff'],
    summary: 'write the migration that brings the migrations to the wanted schema',
    description:
      'Compares the state after all migrations with the schema, writes the migration and its reverse, and proves ' +
      'both on a dev database before a file is written. A likely rename stops it until you have said which it is.',
    arguments: [
      { name: 'NAME', summary: 'what the migration does, for the file name: add_users', required: true },
    ],
    options: {
      'dry-run': { type: 'flag', summary: 'print the migration, write nothing' },
      rename,
      'not-renamed': notRenamed,
    },
    examples: [
      { line: 'migrate diff add_users', summary: 'after editing schema.sql' },
      {
        line: 'migrate diff rename_nick --rename users.nick=users.nickname',
        summary: 'keep the data of a renamed column',
      },
      { line: 'migrate diff cleanup --not-renamed users.nick', summary: 'it only looks like a rename' },
    ],
    load: () => import('./migrate-diff.js'),
  },
  {
    path: ['migrate', 'new'],
    summary: 'make an empty migration and its reverse, to be written by hand',
    arguments: [{ name: 'NAME', summary: 'what the migration does, for the file name', required: true }],
    examples: [{ line: 'migrate new backfill_status', summary: 'two empty files, ready to edit' }],
    load: () => import('./migrate-new.js'),
  },
];

/** Those that check the folder and keep its sum. */
export const checkingCommands: readonly Command[] = [
  {
    path: ['migrate', 'validate'],
    summary: 'check the migrations: sums, order, directives, syntax',
    options: { replay: { type: 'flag', summary: 'also run all of them on the dev database, up and down' } },
    examples: [
      { line: 'migrate validate', summary: 'no database needed' },
      { line: 'migrate validate --replay', summary: 'prove that they run from nothing' },
    ],
    load: () => import('./migrate-validate.js'),
  },
  {
    path: ['migrate', 'hash'],
    summary: 'write tidemark.sum again after editing migrations by hand',
    examples: [{ line: 'migrate hash', summary: 'after a deliberate edit' }],
    load: () => import('./migrate-hash.js'),
  },
];
