import type { Command, Option } from '../command.js';
import { checkingCommands, writingCommands } from './migrate-commands-files.js';
import { lookingCommands } from './migrate-commands-graph.js';
import { rewritingCommands } from './migrate-rewrite-commands.js';

const dryRun: Option = { type: 'flag', summary: 'show what would be done, change nothing' };
const sql: Option = {
  type: 'flag',
  summary: 'print a script for psql or sqlite3 that does the same, history included; change nothing',
};
const output: Option = { type: 'text', value: 'FILE', summary: 'write the script of --sql to FILE' };
const lockTimeout: Option = {
  type: 'duration',
  value: 'TIME',
  default: '10s',
  summary: 'how long to wait for another runner to finish',
};

/** The commands that change a database. */
const runningCommands: readonly Command[] = [
  {
    path: ['migrate', 'up'],
    summary: 'apply pending migrations',
    arguments: [
      { name: 'TARGET', summary: 'how many, or up to which revision; default all; with --sql also FROM:TO' },
    ],
    options: {
      'dry-run': dryRun,
      sql,
      output,
      baseline: {
        type: 'text',
        value: 'REVISION',
        summary: 'take a database that has everything up to REVISION as it is',
      },
      'allow-dirty': { type: 'flag', summary: 'run on a database that has other tables and no history' },
      'out-of-order': { type: 'flag', summary: 'also apply migrations older than the newest applied one' },
      backup: { type: 'flag', summary: 'make a backup before the first migration' },
      'restore-on-failure': {
        type: 'flag',
        summary: 'with --backup: restore it when a migration fails and something has changed',
      },
      'lock-timeout': lockTimeout,
    },
    examples: [
      { line: 'migrate up', summary: 'everything that is pending' },
      { line: 'migrate up 1 --dry-run', summary: 'show the next one' },
      { line: 'migrate up --sql --output up.sql', summary: 'for somebody who runs SQL only' },
      { line: 'migrate up --sql 20250915195954:head', summary: 'from there on, without asking a database' },
      {
        line: 'migrate up --baseline 20250915195954',
        summary: 'adopt a database that was not made by Tidemark',
      },
      { line: 'migrate up --env production --backup --lock-timeout 1m', summary: 'in a deployment' },
    ],
    load: () => import('./migrate-up.js'),
  },
  {
    path: ['migrate', 'down'],
    summary: 'take applied migrations back',
    arguments: [{ name: 'TARGET', summary: 'how many (-1), to which revision, or base; default -1' }],
    options: { 'dry-run': dryRun, sql, output, 'lock-timeout': lockTimeout },
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
    path: ['migrate', 'stamp'],
    summary: 'say where a database is: rewrite its history, run nothing',
    description:
      'Records the revision and what it needs as applied, and what is above it as not. Other branches stay as they ' +
      'are; several revisions are several branches.',
    arguments: [
      { name: 'REVISION', summary: 'a revision, head, heads or base', required: true, several: true },
    ],
    options: {
      purge: {
        type: 'flag',
        summary: 'forget the whole history first, also when it is damaged or names revisions nobody has',
      },
      'dry-run': dryRun,
      sql,
      output,
      'lock-timeout': lockTimeout,
    },
    examples: [
      { line: 'migrate stamp head', summary: 'the database has everything already' },
      { line: 'migrate stamp base', summary: 'it has nothing any more' },
      { line: 'migrate stamp 20250915195954 --purge', summary: 'out of step with the files: write it anew' },
    ],
    load: () => import('./migrate-stamp.js'),
  },
];

/** The commands of `tidemark migrate`, in the order of its help. */
export const migrateCommands: readonly Command[] = [
  ...writingCommands,
  ...rewritingCommands,
  ...runningCommands,
  ...lookingCommands,
  ...checkingCommands,
];
