import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Connection } from '../../database/connection.js';
import { findBookkeeping } from '../bookkeeping-table.js';
import { distinctIds } from '../distinct-ids.js';
import { notFound, unsupported } from '../import-error.js';
import type { ImportedProject, Importer, ReadOptions, RecordedElsewhere } from '../imported-project.js';
import { plainRevision } from '../plain-revision.js';
import { findFolder, holdsChecksum, isFile, listSources, readSource } from '../source-file.js';

const FOLDER = /^(\d+)_?(.*)$/;

/** Prisma Migrate: `<timestamp>_<name>/migration.sql`, checksums in `_prisma_migrations`. */
export const importer: Importer = {
  tool: 'prisma',

  async read(path, options) {
    const folder = await findFolder(path, ['.', 'migrations', 'prisma/migrations'], (names) =>
      names.includes('migration_lock.toml'),
    );
    if (folder === undefined) {
      throw notFound(`${path} holds no Prisma migrations`, [
        'Give the folder with migration_lock.toml, mostly prisma/migrations.',
      ]);
    }
    await requireProvider(join(folder, 'migration_lock.toml'), options);
    const names: string[] = [];
    for (const name of await listSources(folder, 'Prisma')) {
      if (await isFile(join(folder, name, 'migration.sql'))) names.push(name);
    }
    const ids = distinctIds(names.map((name) => ({ version: FOLDER.exec(name)?.[1] ?? name, whole: name })));
    const revisions = [];
    for (const [index, name] of names.entries()) {
      const file = await readSource(join(folder, name, 'migration.sql'));
      const down = join(folder, name, 'down.sql');
      revisions.push(
        plainRevision({
          id: ids[index]!,
          name: FOLDER.exec(name)?.[2] || name,
          up: file.text,
          // Prisma has no ways down; its guide has people keep one in this file.
          down: (await isFile(down)) ? (await readSource(down)).text : undefined,
          key: name,
          source: file.path,
        }),
      );
    }
    return {
      tool: 'prisma',
      revisions,
      notes: [
        'Prisma keeps the checksums of its files in the database: they are verified when it is read there.',
        ...(revisions.some(({ down }) => down === undefined)
          ? ['Prisma has no ways down: migrations without a down.sql beside them cannot be taken down.']
          : []),
      ],
    };
  },

  recorded: (connection, project) => recorded(connection, project),
};

const PROVIDERS = { postgres: ['postgresql', 'postgres'], sqlite: ['sqlite'] };

async function requireProvider(lock: string, { engine }: ReadOptions): Promise<void> {
  const { text } = await readSource(lock);
  const provider = /^\s*provider\s*=\s*"([^"]*)"/m.exec(text)?.[1];
  if (provider === undefined || PROVIDERS[engine].includes(provider)) return;
  const line = text.split('\n').findIndex((content) => /^\s*provider/.test(content)) + 1;
  throw unsupported(lock, line, `the migrations are for ${provider}, and the environment is for ${engine}`, [
    'Choose the environment, or give the database with --url.',
  ]);
}

interface PrismaRow {
  readonly name: string;
  readonly checksum: string;
  readonly finished: unknown;
  readonly rolled_back: unknown;
  readonly logs: string | null;
}

/** `_prisma_migrations`: a row an attempt. Rolled back ones do not count; one without an end failed. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findBookkeeping(connection, '_prisma_migrations', [
    'migration_name',
    'checksum',
    'finished_at',
    'rolled_back_at',
  ]);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<PrismaRow>(
    `SELECT migration_name AS name, checksum, finished_at AS finished, rolled_back_at AS rolled_back, logs
       FROM ${table.sql} ORDER BY started_at, migration_name`,
  );
  const byName = new Map(project.revisions.map((revision) => [revision.key, revision]));
  const applied: string[] = [];
  const unknown: string[] = [];
  const problems: string[] = [];
  const edited: string[] = [];
  const notes: string[] = [];
  for (const row of rows) {
    if (row.rolled_back !== null) continue;
    const revision = byName.get(row.name);
    if (row.finished === null) {
      const why = row.logs ? ` (${row.logs.trim().split('\n')[0]})` : '';
      problems.push(
        `Migration ${row.name} failed and is not resolved${why}. Settle it first: prisma migrate resolve --applied ${row.name}, or --rolled-back.`,
      );
    } else if (revision === undefined) unknown.push(row.name);
    else {
      applied.push(revision.id);
      const file = await readSource(revision.source);
      const held = holdsChecksum(file, row.checksum, sha256);
      if (held === 'different') {
        edited.push(
          `${revision.source} was changed after it was applied: ${table.label} has another checksum.`,
        );
      } else if (held === 'line ends')
        notes.push(`${revision.source} has other line ends than when it was applied.`);
    }
  }
  return { table: table.label, applied: [...new Set(applied)], unknown, problems, edited, notes };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
