import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection } from '../../database/connection.js';
import { findBookkeeping } from '../bookkeeping-table.js';
import { distinctIds } from '../distinct-ids.js';
import { notFound, unsupported } from '../import-error.js';
import type { ImportedProject, Importer, ReadOptions, RecordedElsewhere } from '../imported-project.js';
import { plainRevision } from '../plain-revision.js';
import {
  findFolder,
  holdsChecksum,
  isFile,
  listSources,
  readSource,
  type SourceFile,
} from '../source-file.js';
import { endStatement } from '../statement-end.js';

const BREAKPOINT = '--> statement-breakpoint';
const JOURNAL = join('meta', '_journal.json');
const FOLDER = /^\d{14}_/;
const NAME = /^(\d+)_(.*)$/;

/** A migration as either layout names it. */
interface Entry {
  readonly tag: string;
  readonly file: SourceFile;
  /** Milliseconds since 1970: the journal's `when`, or the time in the folder's name. */
  readonly when: number;
}

/**
 * Drizzle: up to 0.31 `meta/_journal.json` with `<tag>.sql`, from 1.0 `<timestamp>_<name>/migration.sql`. Its table
 * has the hash and the time of each migration, from 1.0 the name too.
 */
export const importer: Importer = {
  tool: 'drizzle',

  async read(path, options) {
    const isDrizzle = (names: readonly string[], at: string) =>
      existsSync(join(at, JOURNAL)) || names.some((name) => FOLDER.test(name));
    const folder = await findFolder(path, ['.', 'drizzle', 'migrations', 'drizzle/migrations'], isDrizzle);
    const entries =
      folder === undefined
        ? []
        : (await isFile(join(folder, JOURNAL)))
          ? await readJournal(folder, options)
          : await readFolders(folder, options);
    if (entries.length === 0) {
      throw notFound(`${path} holds no Drizzle migrations`, [
        'Give the folder that "out" names in drizzle.config.ts: it has meta/_journal.json, or a folder for each migration.',
      ]);
    }
    const ids = distinctIds(entries.map(({ tag }) => ({ version: NAME.exec(tag)?.[1] ?? tag, whole: tag })));
    return {
      tool: 'drizzle',
      revisions: entries.map(({ tag, file, when }, index) =>
        plainRevision({
          id: ids[index]!,
          name: NAME.exec(tag)?.[2] ?? tag,
          up: withoutBreakpoints(file.text),
          key: `${tag}@${when}`,
          source: file.path,
        }),
      ),
      notes: [
        'Drizzle keeps the hashes of its files in the database: they are verified when it is read there.',
        'Drizzle has no ways down: the imported migrations cannot be taken down.',
      ],
    };
  },

  recorded: (connection, project) => recorded(connection, project),
};

const DIALECTS = { postgres: ['postgresql'], sqlite: ['sqlite', 'turso'] };

function requireDialect(dialect: unknown, file: string, { engine }: ReadOptions): void {
  if (typeof dialect !== 'string' || DIALECTS[engine].includes(dialect)) return;
  throw unsupported(file, 1, `the migrations are for ${dialect}, and the environment is for ${engine}`, [
    'Choose the environment, or give the database with --url.',
  ]);
}

interface Journal {
  readonly dialect?: unknown;
  readonly entries?: readonly { readonly tag: string; readonly when: number }[];
}

async function readJournal(folder: string, options: ReadOptions): Promise<Entry[]> {
  const path = join(folder, JOURNAL);
  const { text } = await readSource(path);
  let journal: Journal;
  try {
    journal = JSON.parse(text) as Journal;
  } catch (error) {
    throw unsupported(path, 1, `it is not JSON (${error instanceof Error ? error.message : error})`, [
      'Bring it back from version control.',
    ]);
  }
  requireDialect(journal.dialect, path, options);
  const entries: Entry[] = [];
  for (const { tag, when } of journal.entries ?? []) {
    const file = join(folder, `${tag}.sql`);
    if (!(await isFile(file))) {
      throw unsupported(path, lineOf(text, tag), `it names ${tag}, and there is no ${tag}.sql`, [
        'Bring the file back from version control.',
      ]);
    }
    entries.push({ tag, when, file: await readSource(file) });
  }
  return entries;
}

async function readFolders(folder: string, options: ReadOptions): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const tag of await listSources(folder, 'Drizzle')) {
    const file = join(folder, tag, 'migration.sql');
    if (!(await isFile(file))) continue;
    const snapshot = join(folder, tag, 'snapshot.json');
    if (await isFile(snapshot)) {
      const { dialect } = JSON.parse((await readSource(snapshot)).text) as { dialect?: unknown };
      requireDialect(dialect === 'postgres' ? 'postgresql' : dialect, snapshot, options);
    }
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(tag)?.map(Number) ?? [];
    const when = year === undefined ? 0 : Date.UTC(year, month! - 1, day, hour, minute, second);
    entries.push({ tag, when, file: await readSource(file) });
  }
  return entries;
}

function lineOf(text: string, word: string): number {
  return text.slice(0, Math.max(0, text.indexOf(word))).split('\n').length;
}

/** The breakpoint ends a statement, with or without a semicolon before it, wherever it stands: drizzle cuts by text. */
function withoutBreakpoints(text: string): string {
  const parts = text.split(BREAKPOINT);
  if (parts.length === 1) return text.endsWith('\n') ? text : `${text}\n`;
  const statements = parts.map((part) => endStatement(part).replace(/^\n/, '').trimEnd());
  return `${statements.filter((statement) => statement.trim() !== '').join('\n')}\n`;
}

interface DrizzleRow {
  readonly hash: string;
  readonly created: unknown;
  readonly name: string | null;
}

/** `drizzle.__drizzle_migrations` on PostgreSQL, `__drizzle_migrations` on SQLite. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findBookkeeping(connection, '__drizzle_migrations', ['hash', 'created_at']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const name = table.columns.has('name') ? 'name' : 'NULL AS name';
  // On SQLite the column id is declared SERIAL, which fills nothing in.
  const order = connection.engine === 'sqlite' ? 'created_at, rowid' : 'created_at, id';
  const rows = await connection.query<DrizzleRow>(
    `SELECT hash, created_at AS created, ${name} FROM ${table.sql} ORDER BY ${order}`,
  );
  const applied: string[] = [];
  const unknown: string[] = [];
  const edited: string[] = [];
  const notes: string[] = [];
  for (const row of rows) {
    const when = Number(row.created);
    const candidates = project.revisions.filter(({ key }) =>
      row.name === null ? key.endsWith(`@${when}`) : key.startsWith(`${row.name}@`),
    );
    const hashed = await Promise.all(
      candidates.map(async (revision) => ({
        revision,
        held: holdsChecksum(await readSource(revision.source), row.hash, sha256),
      })),
    );
    const match = hashed.find(({ held }) => held !== 'different') ?? hashed[0];
    if (match === undefined) {
      unknown.push(row.name ?? `${row.hash} of ${new Date(when).toISOString()}`);
      continue;
    }
    const { revision, held } = match;
    applied.push(revision.id);
    if (held === 'different') {
      edited.push(`${revision.source} was changed after it was applied: ${table.label} has another hash.`);
    } else if (held === 'line ends')
      notes.push(`${revision.source} has other line ends than when it was applied.`);
  }
  return { table: table.label, applied: [...new Set(applied)], unknown, problems: [], edited, notes };
}

/** Drizzle reads the file as text before it hashes it; a byte order mark stays. */
function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes.toString()).digest('hex');
}
