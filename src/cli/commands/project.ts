import type { Command } from '../command.js';

/** The commands that stand alone. */
export const projectCommands: readonly Command[] = [
  {
    path: ['init'],
    summary: 'start a project: a configuration, a first schema.sql and the folders',
    description:
      'Writes tidemark.config.ts, schema.sql, the migrations folder, .env.example and a line in .gitignore. ' +
      'What is already there is left as it is. Without --url the local database is an embedded PostgreSQL in a ' +
      'folder: nothing has to be installed. For SQLite the example and the environments are SQLite’s.',
    arguments: [{ name: 'FOLDER', summary: 'where to; default the current folder' }],
    options: {
      from: {
        type: 'text',
        value: 'URL',
        summary: 'take over a database that exists: its schema, and a first migration that makes it',
      },
      engine: {
        type: 'text',
        value: 'ENGINE',
        choices: ['embedded', 'postgres', 'sqlite'],
        summary: 'the local database: PostgreSQL embedded in a folder, a PostgreSQL server, or a SQLite file',
      },
    },
    examples: [
      { line: 'init', summary: 'an embedded database, nothing to install' },
      { line: 'init --url postgres://localhost:5432/app', summary: 'a server of yours' },
      { line: 'init --url sqlite:./app.db', summary: 'a SQLite file' },
      {
        line: 'init --from postgres://localhost:5432/app',
        summary: 'a database that exists: schema.sql and a first migration, proven',
      },
      { line: 'init packages/db --engine postgres --yes', summary: 'in another folder, without questions' },
    ],
    load: () => import('./init.js'),
  },
  {
    path: ['status'],
    summary: 'the whole picture: database, migrations, schema',
    options: { check: { type: 'flag', summary: 'exit with 3 when something is pending or differs' } },
    examples: [
      { line: 'status', summary: 'where the project stands' },
      {
        line: 'status --env production --check',
        summary: 'for a pipeline: exit code 3 when there is something to do',
      },
    ],
    load: () => import('./status.js'),
  },
];
