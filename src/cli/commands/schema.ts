import type { Command } from '../command.js';
import { consentOptions, onlineOptions, renameOptions } from './planning-options.js';

const stateSources =
  'A state is a file, a folder or a glob of SQL, a database URL, or migrations:FOLDER@REVISION for the state ' +
  'after a migration (without @REVISION, after all of them). The SQL is for the engine of the database that is ' +
  'named, here or by the environment; without one for that of --dev, else for PostgreSQL.';

/** The commands of `tidemark schema`. */
export const schemaCommands: readonly Command[] = [
  {
    path: ['schema', 'inspect'],
    summary: 'print the schema of a database',
    arguments: [{ name: 'STATE', summary: 'another state than the environment’s database' }],
    description: stateSources,
    options: {
      format: {
        type: 'text',
        value: 'FORMAT',
        choices: ['sql', 'json'],
        default: 'sql',
        summary: 'how it is written',
      },
      output: {
        type: 'text',
        value: 'PATH',
        summary: 'write it there: a file that ends in .sql, or a folder with one file a group of objects',
      },
      force: { type: 'flag', summary: 'replace what an earlier --output has written' },
    },
    examples: [
      { line: 'schema inspect > schema.sql', summary: 'start from a database that exists' },
      { line: 'schema inspect --output schema', summary: 'the same as a folder: types, tables, views, …' },
      { line: 'schema inspect --url postgres://localhost/app --format json', summary: 'for programs' },
    ],
    load: () => import('./schema-inspect.js'),
  },
  {
    path: ['schema', 'diff'],
    summary: 'print the SQL that leads from one state to another',
    description: `${stateSources} Without --from it is the environment’s database, without --to its schema. The output is SQL for psql, hazards as comments, nothing else.`,
    options: {
      from: { type: 'text', value: 'STATE', summary: 'where to start; default the database' },
      to: { type: 'text', value: 'STATE', summary: 'where to go; default the schema' },
      ...renameOptions,
      ...onlineOptions,
      check: { type: 'flag', summary: 'exit with 3 when there is a difference' },
    },
    examples: [
      { line: 'schema diff --check', summary: 'does the database still match schema.sql?' },
      { line: 'schema diff --from old.sql --to new.sql', summary: 'two files, no database needed' },
      {
        line: 'schema diff --from migrations: --to postgres://localhost/app',
        summary: 'what was changed by hand',
      },
    ],
    load: () => import('./schema-diff.js'),
  },
  {
    path: ['schema', 'apply'],
    summary: 'bring the database to the wanted schema without a migration file',
    description:
      'Shows the plan and asks. Without a terminal it needs --yes, and --allow for every step that loses data.',
    options: {
      'dry-run': { type: 'flag', summary: 'show the plan, change nothing' },
      ...renameOptions,
      ...onlineOptions,
      ...consentOptions,
      'lock-timeout': {
        type: 'duration',
        value: 'TIME',
        default: '10s',
        summary: 'how long to wait for another runner',
      },
    },
    examples: [
      { line: 'schema apply', summary: 'shows the plan, asks, applies' },
      {
        line: 'schema apply --url URL --schema schema.sql --yes --allow all',
        summary: 'without any question',
      },
    ],
    load: () => import('./schema-apply.js'),
  },
  {
    path: ['schema', 'snapshot'],
    summary: 'keep the schema of the database, to see later what was changed',
    description:
      'Writes the schema as SQL into the folder of snapshots, with where the history stands. The newest one of this ' +
      'database is what `schema detect` compares with. Nothing is overwritten; where nothing has changed nothing is ' +
      'written, unless it is given a name.',
    options: { name: { type: 'text', value: 'NAME', summary: 'what the file is called after its time' } },
    examples: [
      { line: 'schema snapshot', summary: 'from now on changes are found' },
      { line: 'schema snapshot --name before_release', summary: 'with a name of its own' },
    ],
    load: () => import('./schema-snapshot.js'),
  },
  {
    path: ['schema', 'detect'],
    summary: 'write what was changed in the database outside of migrations as a migration',
    description:
      'Compares the database with its last snapshot. What migrations did since does not count; the rest is written ' +
      'as a migration with its reverse, proven both ways. This database has the change already: --apply records that ' +
      'in its history, so that the migration runs on the other databases only.',
    options: {
      name: {
        type: 'text',
        value: 'NAME',
        default: 'changed_outside',
        summary: 'what the migration is called',
      },
      'dry-run': {
        type: 'flag',
        summary: 'show the migration, write nothing; exit with 3 when there is one',
      },
      backup: { type: 'flag', summary: 'make a backup first, when there is something to write' },
      apply: { type: 'flag', summary: 'record it as applied in this database, and take a new snapshot' },
      ...renameOptions,
      ...consentOptions,
      'lock-timeout': {
        type: 'duration',
        value: 'TIME',
        default: '10s',
        summary: 'how long to wait for another runner',
      },
    },
    examples: [
      { line: 'schema detect --dry-run', summary: 'was anything changed?' },
      { line: 'schema detect --apply --name console_changes', summary: 'keep it, and go on from there' },
      { line: 'schema detect --backup --apply', summary: 'with a backup before anything is written' },
    ],
    load: () => import('./schema-detect.js'),
  },
];
