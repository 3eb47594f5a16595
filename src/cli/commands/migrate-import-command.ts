import { IMPORT_TOOLS } from '../../importing/imported-project.js';
import type { Command } from '../command.js';

/** `tidemark migrate import`. */
export const importCommand: Command = {
  path: ['migrate', 'import'],
  summary: 'bring in a project of Atlas, Alembic, Prisma, Drizzle, Flyway or another tool',
  description:
    "Converts the other tool's migrations into the migrations folder, with their ways down and the ids that you " +
    'know them by, after verifying the checksums that the tool keeps. Then it reads the table in which the tool ' +
    'noted what is applied in the database, and records the same migrations as applied for Tidemark: nothing is ' +
    "run, and the tool's files and table stay as they are. At the end it shows how the database differs from what " +
    'the migrations make. For the next database (--env production) run it again: the files are there, and only the ' +
    'recording is done. For migrations that are programs (Alembic, knex, node-pg-migrate) the project itself has ' +
    'to be able to run: its own tool writes their SQL, without a database.',
  arguments: [
    {
      name: 'PATH',
      summary: "the other tool's migrations folder, changelog or project",
      required: true,
    },
  ],
  options: {
    from: { type: 'text', value: 'TOOL', choices: IMPORT_TOOLS, summary: 'the tool that the project is of' },
    'dry-run': { type: 'flag', summary: 'show what would be written and recorded, change nothing' },
    record: {
      type: 'flag',
      default: true,
      summary: 'record in the database what the tool has applied; --no-record converts files only',
    },
    'record-only': { type: 'flag', summary: 'write no files: record the folder as it is' },
    'in-place': {
      type: 'flag',
      summary: 'atlas: keep the folder where it is, and its atlas.sum right, for both tools',
    },
    'accept-edited': {
      type: 'flag',
      summary: 'record migrations although their files were edited after they were applied',
    },
    'ignore-unknown': {
      type: 'flag',
      summary: "leave out what the tool's table names and the project does not have any more",
    },
    'lock-timeout': {
      type: 'duration',
      value: 'TIME',
      default: '10s',
      summary: 'how long to wait for another runner to finish',
    },
  },
  examples: [
    { line: 'migrate import --from dbmate db/migrations --dry-run', summary: 'look first' },
    {
      line: 'migrate import --from prisma prisma/migrations',
      summary: 'files, and what is applied in the local database',
    },
    {
      line: 'migrate import --from prisma prisma/migrations --env production',
      summary: 'then the same for production: only recorded',
    },
    {
      line: 'migrate import --from atlas migrations --in-place',
      summary: 'use Atlas and Tidemark side by side',
    },
  ],
  load: () => import('./migrate-import.js'),
};
