import type { Command } from '../command.js';

/** The commands of `tidemark db`. */
export const dbCommands: readonly Command[] = [
  {
    path: ['db', 'check'],
    summary: 'is the database there and fit for migrations?',
    description:
      'Connects and reports version, extensions, privileges, search_path, required objects, and who holds locks or ' +
      'long transactions. Exits with 3 when something is wrong.',
    options: {
      require: {
        type: 'list',
        value: 'KIND:NAME',
        summary: 'an object that must exist: table:users, extension:vector, schema:app, function:audit.log',
      },
      'long-transaction': {
        type: 'duration',
        value: 'TIME',
        default: '5m',
        summary: 'report transactions that are open for longer',
      },
    },
    examples: [
      { line: 'db check', summary: 'the environment’s database' },
      {
        line: 'db check --require table:users --require extension:vector',
        summary: 'for a health check: exit code 3 when one is missing',
      },
    ],
    load: () => import('./db-check.js'),
  },
  {
    path: ['db', 'create'],
    summary: 'create the database of the URL if it does not exist',
    examples: [
      { line: 'db create', summary: 'the environment’s database' },
      { line: 'db create --url postgres://postgres@localhost/app_test', summary: 'any other' },
    ],
    load: () => import('./db-create.js'),
  },
  {
    path: ['db', 'reset'],
    summary: 'drop everything in the database except extensions',
    description:
      'Drops all schemas and objects of yours, with their data and Tidemark’s history. Extensions and what they own ' +
      'stay. A local database asks for a yes; production, and everything that is not on this machine, wants the ' +
      'name of the database typed or given by --force.',
    options: {
      force: {
        type: 'text',
        value: 'DATABASE',
        summary: 'the name of the database, as consent to lose its data',
      },
      'dry-run': { type: 'flag', summary: 'list what would be dropped' },
      'lock-timeout': {
        type: 'duration',
        value: 'TIME',
        default: '10s',
        summary: 'how long to wait for others who use an object',
      },
    },
    examples: [
      { line: 'db reset --dry-run', summary: 'what would go' },
      { line: 'db reset --yes', summary: 'a local database, without a question' },
      { line: 'db reset --env docker --force app', summary: 'a database elsewhere' },
    ],
    load: () => import('./db-reset.js'),
  },
  {
    path: ['db', 'shell'],
    summary: 'type SQL: psql when it is installed, else a small prompt',
    description:
      'The embedded database always gets the small prompt: statements end with a semicolon, \\d lists tables, ' +
      '\\d NAME describes one, \\q leaves. Without a terminal, statements are read from standard input.',
    options: {
      command: { type: 'list', short: 'c', value: 'SQL', summary: 'run this and leave' },
      psql: { type: 'flag', default: true, summary: 'use psql when it is installed' },
    },
    examples: [
      { line: 'db shell', summary: 'a prompt' },
      { line: `db shell -c 'SELECT count(*) FROM users'`, summary: 'one answer' },
      { line: 'db shell < seed.sql', summary: 'a script' },
    ],
    load: () => import('./db-shell.js'),
  },
];
