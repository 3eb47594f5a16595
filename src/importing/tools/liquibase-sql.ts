import type { Connection } from '../../database/connection.js';
import { findBookkeeping } from '../bookkeeping-table.js';
import { unsupported } from '../import-error.js';
import type {
  ImportedProject,
  ImportedRevision,
  Importer,
  ReadOptions,
  RecordedElsewhere,
} from '../imported-project.js';
import { counted, plainRevision } from '../plain-revision.js';
import { readSource } from '../source-file.js';
import { endStatement, trimSection } from '../statement-end.js';
import { type Changeset, readChangesets } from './liquibase-changesets.js';
import { listChangelogs } from './liquibase-master.js';

/** Liquibase's formatted SQL: changesets in `--liquibase formatted sql` files, rows in `databasechangelog`. */
export const importer: Importer = {
  tool: 'liquibase-sql',

  async read(path, options) {
    const changesets: Changeset[] = [];
    for (const file of await listChangelogs(path)) changesets.push(...readChangesets(await readSource(file)));
    return convert(changesets, options);
  },

  recorded: (connection, project) => recorded(connection, project),
};

const DBMS = { postgres: 'postgresql', sqlite: 'sqlite' };

function convert(all: readonly Changeset[], options: ReadOptions): ImportedProject {
  const changesets = all.filter(({ attributes }) => meantFor(attributes.get('dbms'), DBMS[options.engine]));
  const ids = idsOf(changesets);
  const notes: string[] = [];
  if (changesets.length < all.length) {
    notes.push(
      `${counted(all.length - changesets.length, 'changeset')} for other databases (dbms:…) left out.`,
    );
  }
  const named = (test: (changeset: Changeset) => boolean) =>
    changesets.filter(test).map(({ author, id }) => `${author}:${id}`);
  const tell = (words: string, found: readonly string[]) => {
    if (found.length > 0) notes.push(`${words}: ${found.join(', ')}.`);
  };
  tell(
    'Changesets that run whenever they change, or always, are migrations that run once here',
    named(
      ({ attributes }) => attributes.get('runonchange') === 'true' || attributes.get('runalways') === 'true',
    ),
  );
  tell(
    'Contexts and labels do not choose here; these run everywhere unless they are recorded as applied',
    named(({ attributes }) => ['context', 'contextfilter', 'labels'].some((name) => attributes.has(name))),
  );
  tell(
    'Preconditions are kept as comments only',
    named(({ preconditions }) => preconditions),
  );
  notes.push(
    'The MD5 sums of databasechangelog cannot be verified without Liquibase: nothing says that a changeset was not edited.',
  );
  return {
    tool: 'liquibase-sql',
    revisions: changesets.map((changeset, index) => toRevision(changeset, ids[index]!, options)),
    notes,
  };
}

/** The ids of the changesets where they are distinct and rise as they run, else their places: `0001`. */
function idsOf(changesets: readonly Changeset[]): string[] {
  const numbers = changesets.map(({ id }) => (/^\d{1,30}$/.test(id) ? BigInt(id) : undefined));
  const rising = numbers.every((number, at) => {
    const before = numbers[at - 1];
    return number !== undefined && (at === 0 || (before !== undefined && number > before));
  });
  return changesets.map(({ id }, at) => (rising ? id : String(at + 1).padStart(4, '0')));
}

/** `postgresql, h2`, `!oracle`, `all`. */
function meantFor(dbms: string | undefined, engine: string): boolean {
  if (dbms === undefined || dbms === '' || dbms === 'all') return true;
  const names = dbms.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes(`!${engine}`) || names.includes('none')) return false;
  return names.includes(engine) || names.every((name) => name.startsWith('!'));
}

function toRevision(changeset: Changeset, id: string, options: ReadOptions): ImportedRevision {
  const { attributes, author, rollback, file } = changeset;
  if (attributes.get('ignore') === 'true' || attributes.has('runwith')) {
    throw unsupported(file, changeset.line, 'a changeset with ignore or runWith cannot be converted', [
      'Take the attribute or the changeset out.',
    ]);
  }
  const none = attributes.get('runintransaction') === 'false' ? 'none' : 'file';
  const split = attributes.get('splitstatements') !== 'false';
  return plainRevision({
    id,
    name: id === changeset.id ? author : `${author}_${changeset.id}`,
    up: statements(replaced(changeset.up, changeset, options), split, attributes.get('enddelimiter')),
    down:
      rollback === undefined
        ? undefined
        : rollback === 'nothing'
          ? `-- Liquibase: nothing to roll back.\nSELECT 1;\n`
          : statements(
              replaced(rollback, changeset, options),
              attributes.get('rollbacksplitstatements') !== 'false',
              attributes.get('rollbackenddelimiter'),
            ),
    transaction: none,
    downTransaction: none,
    key: changeset.key,
    source: file,
  });
}

/** Ends each statement with a semicolon where the changeset has another delimiter. */
function statements(sql: string, split: boolean, delimiter: string | undefined): string {
  if (!split || delimiter === undefined || delimiter === ';') return endStatement(trimSection(sql));
  const words = delimiter.replace(/\\n/g, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const parts = sql.split(new RegExp(`${words}[ \\t]*(?:\\n|$)`, 'i'));
  return parts
    .map((part) => endStatement(trimSection(part)))
    .filter((part) => part !== '')
    .join('\n');
}

/** Properties of the file, then variables: `${name}`. */
function replaced(sql: string, { properties, file, line }: Changeset, { env }: ReadOptions): string {
  return sql.replace(/\$\{([^}\s]+)\}/g, (_, name: string) => {
    const value =
      properties.get(name) ??
      env[`LIQUIBASE_PARAMETER_${name.toUpperCase().replace(/\W/g, '_')}`] ??
      env[name];
    if (value !== undefined) return value;
    throw unsupported(file, line, `the parameter \${${name}} of this changeset has no value`, [
      `Give it the value that every database has, with "--property name:${name} value:…" at the top of the file or the variable LIQUIBASE_PARAMETER_${name.toUpperCase().replace(/\W/g, '_')}.`,
    ]);
  });
}

interface ChangelogRow {
  readonly id: string;
  readonly author: string;
  readonly filename: string;
  readonly exectype: string;
}

/** `databasechangelog`; on SQLite Liquibase writes the name in capitals. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const upper = connection.engine === 'sqlite';
  const columns = ['id', 'author', 'filename', 'exectype'].map((name) => (upper ? name.toUpperCase() : name));
  const table =
    (await findBookkeeping(connection, upper ? 'DATABASECHANGELOG' : 'databasechangelog', columns)) ??
    (await findBookkeeping(connection, 'databasechangelog', ['id', 'author', 'filename', 'exectype']));
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<ChangelogRow>(
    `SELECT id AS id, author AS author, filename AS filename, exectype AS exectype FROM ${table.sql} ORDER BY orderexecuted`,
  );
  const applied = new Set<string>();
  const unknown: string[] = [];
  const problems: string[] = [];
  for (const row of rows) {
    const own = `${row.author}:${row.id}`;
    const candidates = project.revisions.filter(({ key }) => key.startsWith(`${own}::`));
    const match =
      candidates.length > 1
        ? candidates.find(({ key }) => samePath(key.slice(own.length + 2), row.filename))
        : candidates[0];
    if (row.exectype === 'FAILED') {
      problems.push(
        `Changeset ${own} of ${row.filename} failed and is recorded so. Settle it with Liquibase first.`,
      );
    } else if (match === undefined) unknown.push(`${own} of ${row.filename}`);
    else applied.add(match.id);
  }
  return { table: table.label, applied: [...applied], unknown, problems };
}

/** Liquibase writes the path as it found the file: below a search path, with or without `classpath:`. */
function samePath(file: string, recordedAs: string): boolean {
  const [a, b] = [file, recordedAs.replace(/^classpath:/, '')].map((path) => path.replaceAll('\\', '/')) as [
    string,
    string,
  ];
  return a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`);
}
