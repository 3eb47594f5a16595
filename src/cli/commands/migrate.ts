import type { Command, Option } from '../command.js';

const dryRun: Option = { type: 'flag', summary: 'show what would be done, change nothing' };
const sql: Option = {
  type: 'flag',
  summary: 'print a script for psql or sqlite3 that does the same, history included; change nothing',
};
const lockTimeout: Option = {
  type: 'duration',
  value: 'TIME',
  default: '10s',
  summary: 'how long to wait for another runner to finish',
};
const rename: Option = {
  type: 'list',
  value: 'OLD=NEW',
  summary: 'a rename, not a drop and a create: users.nick=users.nickname',
};
const notRenamed: Option = { type: 'list', value: 'OLD', summary: 'no rename: OLD goes with its data' };

/** The commands of `tidemark migrate`. */
export const migrateCommands: readonly Command[] = [
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
  {
    path: ['migrate', 'up'],
    summary: 'apply pending migrations',
    arguments: [{ name: 'TARGET', summary: 'how many, or up to which revision; default all' }],
    options: {
      'dry-run': dryRun,
      sql,
      baseline: {
        type: 'text',
        value: 'REVISION',
        summary: 'take a database that has everything up to REVISION as it is',
      },
      'allow-dirty': { type: 'flag', summary: 'run on a database that has other tables and no history' },
      'out-of-order': { type: 'flag', summary: 'also apply migrations older than the newest applied one' },
      'lock-timeout': lockTimeout,
    },
    examples: [
      { line: 'migrate up', summary: 'everything that is pending' },
      { line: 'migrate up 1 --dry-run', summary: 'show the next one' },
      { line: 'migrate up --sql > up.sql', summary: 'for somebody who runs SQL only' },
      {
        line: 'migrate up --baseline 20250915195954',
        summary: 'adopt a database that was not made by Tidemark',
      },
      { line: 'migrate up --env production --lock-timeout 1m', summary: 'in a deployment' },
    ],
    load: () => import('./migrate-up.js'),
  },
  {
    path: ['migrate', 'down'],
    summary: 'take applied migrations back',
    arguments: [{ name: 'TARGET', summary: 'how many (-1), to which revision, or base; default -1' }],
    options: { 'dry-run': dryRun, sql, 'lock-timeout': lockTimeout },
    examples: [
      { line: 'migrate down', summary: 'the last one' },
      { line: 'migrate down -2', summary: 'the last two' },
      {
        line: 'migrate down 20250915195954 --dry-run',
        summary: 'show what is taken back to reach that revision',
      },
    ],
    load: () => import('./migrate-down.js'),
  },
  {
    path: ['migrate', 'status'],
    summary: 'what is applied and what is pending',
    options: { check: { type: 'flag', summary: 'exit with 3 when migrations are pending' } },
    examples: [
      { line: 'migrate status', summary: 'the present state' },
      { line: 'migrate status --check', summary: 'for a pipeline: exit code 3 when something is pending' },
    ],
    load: () => import('./migrate-status.js'),
  },
  {
    path: ['migrate', 'history'],
    summary: 'everything that was ever done to the database, failures included',
    examples: [
      { line: 'migrate history', summary: 'the applied revisions' },
      { line: 'migrate history --verbose', summary: 'the whole log of operations' },
    ],
    load: () => import('./migrate-history.js'),
  },
  {
    path: ['migrate', 'show'],
    summary: 'one migration: its place, state and SQL',
    arguments: [
      { name: 'REVISION', summary: 'its revision or the beginning of it, or head', required: true },
    ],
    examples: [{ line: 'migrate show 20250915195954', summary: 'both directions of it' }],
    load: () => import('./migrate-show.js'),
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
