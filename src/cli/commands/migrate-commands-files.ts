import type { Command } from '../command.js';
import { consentOptions, onlineOptions, renameOptions } from './planning-options.js';

/** The commands of `tidemark migrate` that write migrations. */
export const writingCommands: readonly Command[] = [
  {
    path: ['migrate', 'diff'],
    summary: 'write the migration that brings the migrations to the wanted schema',
    description:
      'Compares the state after all migrations with the schema, writes the migration and its reverse, and proves ' +
      'both on a dev database before a file is written. A likely rename stops it until you have said which it is, and a step that loses data until it is allowed; ' +
      'what was allowed is written into the migration.',
    arguments: [
      { name: 'NAME', summary: 'what the migration does, for the file name: add_users', required: true },
    ],
    options: {
      'dry-run': { type: 'flag', summary: 'print the migration, write nothing' },
      ...renameOptions,
      ...onlineOptions,
      ...consentOptions,
    },
    examples: [
      { line: 'migrate diff add_users', summary: 'after editing schema.sql' },
      {
        line: 'migrate diff rename_nick --rename users.nick=users.nickname',
        summary: 'keep the data of a renamed column',
      },
      { line: 'migrate diff cleanup --not-renamed users.nick', summary: 'it only looks like a rename' },
      {
        line: 'migrate diff drop_nick --allow drop-column:users.nick',
        summary: 'that column may go with its data',
      },
    ],
    load: () => import('./migrate-diff.js'),
  },
  {
    path: ['migrate', 'new'],
    summary: 'make an empty migration and its reverse, to be written by hand',
    description:
      'It follows the one head there is. Where there are several, say which with --head; a revision that others ' +
      'follow already takes --splice as well, and a branch begins there.',
    arguments: [{ name: 'NAME', summary: 'what the migration does, for the file name', required: true }],
    options: {
      head: { type: 'text', value: 'REVISION', summary: 'what it follows; base begins a line of its own' },
      parent: { type: 'text', value: 'REVISION', summary: 'the same as --head' },
      splice: { type: 'flag', summary: 'let it follow a revision that is no head' },
      branch: { type: 'text', value: 'LABEL', summary: 'the label of the line that begins with it' },
      'depends-on': { type: 'list', value: 'REVISION', summary: 'a revision or label that it needs as well' },
      revision: { type: 'text', value: 'ID', summary: 'its id; default the time' },
    },
    examples: [
      { line: 'migrate new backfill_status', summary: 'two empty files, ready to edit' },
      { line: 'migrate new reports --head base --branch reports', summary: 'a line of its own' },
      {
        line: 'migrate new hotfix --head 20250915195954 --splice',
        summary: 'a branch from a revision in the middle',
      },
      { line: 'migrate new totals --head reports@head --depends-on 20250915', summary: 'on a branch' },
    ],
    load: () => import('./migrate-new.js'),
  },
];

/** Those that check the folder and keep its sum. */
export const checkingCommands: readonly Command[] = [
  {
    path: ['migrate', 'check'],
    summary: 'whether the migrations lead to the schema: exit code 3 when there is something to write',
    description:
      'Shows the steps that "migrate diff" would write. Needs no database. Several heads without a branch label ' +
      'are something to mend, too.',
    examples: [{ line: 'migrate check', summary: 'for a pipeline: was a migration forgotten?' }],
    load: () => import('./migrate-check.js'),
  },
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
