import type { Connection } from '../../database/connection.js';
import { findBookkeeping, isTrue } from '../bookkeeping-table.js';
import { notFound, unsupported } from '../import-error.js';
import type {
  ImportedProject,
  ImportedRevision,
  Importer,
  ReadOptions,
  RecordedElsewhere,
} from '../imported-project.js';
import { counted, plainRevision } from '../plain-revision.js';
import { findFolder, listSources, readSource, type SourceFile } from '../source-file.js';
import { endStatement, trimSection } from '../statement-end.js';

const FILE = /^(\d+)_(.*)\.(sql|go)$/;
/** goose takes an annotation only at the start of a line. */
const ANNOTATION = /^--\s*\+goose\s+(.*?)\s*$/i;

/** goose: `<number>_<name>.sql` with `-- +goose` annotations; every run is a row of `goose_db_version`. */
export const importer: Importer = {
  tool: 'goose',

  async read(path, options) {
    const isGoose = (names: readonly string[]) => names.some((name) => FILE.test(name));
    const folder = await findFolder(path, ['.', 'migrations', 'db/migrations', 'sql/migrations'], isGoose);
    if (folder === undefined) {
      throw notFound(`${path} holds no goose migrations`, [
        'Give the folder with the files named <number>_<name>.sql.',
      ]);
    }
    const names = (await listSources(folder, 'goose')).filter(
      (name) => FILE.test(name) && !/_test\.go$/.test(name),
    );
    const version = (name: string) => BigInt(FILE.exec(name)![1]!);
    const scripts = names.filter((name) => name.endsWith('.sql'));
    const programs = names.filter(
      (name) => name.endsWith('.go') && !scripts.some((script) => version(script) === version(name)),
    );
    if (programs.length > 0) {
      throw unsupported(
        `${folder}/${programs[0]}`,
        1,
        `${counted(programs.length, 'migration')} written in Go cannot be converted: ${programs.join(', ')}`,
        [
          `Write what it does as SQL beside it, in ${programs[0]!.replace(/go$/, 'sql')} with "-- +goose Up"; its number is then taken from there.`,
          'Where its work is done in every database, SELECT 1; is enough.',
        ],
      );
    }
    scripts.sort((a, b) => (version(a) < version(b) ? -1 : 1));
    const twin = scripts.find((name, at) => at > 0 && version(name) === version(scripts[at - 1]!));
    if (twin !== undefined) {
      throw unsupported(`${folder}/${twin}`, 1, 'another file has the same number', [
        'goose refuses that too: give one of them another.',
      ]);
    }
    const revisions = [];
    for (const name of scripts) revisions.push(toRevision(await readSource(`${folder}/${name}`), options));
    return {
      tool: 'goose',
      revisions,
      notes: [
        `goose keeps no checksums, so nothing could be verified of its ${counted(revisions.length, 'migration')}.`,
      ],
    };
  },

  recorded: (connection, project) => recorded(connection, project),
};

/** One direction as it is being read: its lines, those since the last statement block apart. */
interface Section {
  done: string;
  open: string;
}

function toRevision(file: SourceFile, options: ReadOptions): ImportedRevision {
  const { path, text, name } = file;
  const head: Section = { done: '', open: '' };
  const up: Section = { done: '', open: '' };
  const down: Section = { done: '', open: '' };
  let section = head;
  let inBlock = false;
  let substitute = false;
  let transaction: ImportedRevision['transaction'] = 'file';
  const close = (which: Section, ends: boolean) => {
    which.done += ends ? endStatement(which.open) : which.open;
    which.open = '';
  };

  for (const [index, line] of text.split('\n').entries()) {
    const annotation = ANNOTATION.exec(line)?.[1]?.toLowerCase();
    const fail = (message: string, hint = 'goose refuses it too: correct the file.') =>
      unsupported(path, index + 1, message, [hint]);
    switch (annotation) {
      case undefined:
        if (section === head && !/^\s*(?:--.*)?$/.test(line))
          throw fail('a statement stands before "-- +goose Up"');
        section.open += `${substitute ? substituted(line, options.env, fail) : line}\n`;
        break;
      case 'up':
        if (section !== head) throw fail('"-- +goose Up" stands twice or after Down');
        close(section, false);
        section = up;
        break;
      case 'down':
        if (section !== up || inBlock) throw fail('"-- +goose Down" has no Up before it');
        close(section, true);
        section = down;
        break;
      case 'statementbegin':
        if (section === head || inBlock) throw fail('"-- +goose StatementBegin" has no place here');
        close(section, true);
        inBlock = true;
        break;
      case 'statementend':
        if (!inBlock) throw fail('"-- +goose StatementEnd" has no StatementBegin');
        // Within a block the semicolon may be missing: the annotation ends the statement.
        close(section, true);
        inBlock = false;
        break;
      case 'no transaction':
        transaction = 'none';
        break;
      case 'envsub on':
      case 'envsub off':
        substitute = annotation === 'envsub on';
        break;
      default:
        throw fail(`"${line.trim()}" is not an annotation that is known`, 'Correct it or take it out.');
    }
  }
  if (section === head) throw unsupported(path, 1, 'there is no "-- +goose Up"', ['goose refuses it too.']);
  if (inBlock) throw unsupported(path, text.split('\n').length, '"-- +goose StatementEnd" is missing', []);
  close(section, true);
  const [, number, rest] = FILE.exec(name)!;
  return plainRevision({
    id: number!,
    name: rest!,
    up: trimSection(head.done) + trimSection(up.done),
    down: trimSection(down.done),
    transaction,
    downTransaction: transaction,
    key: BigInt(number!).toString(),
    source: path,
  });
}

/** `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`, as between ENVSUB ON and OFF. */
function substituted(
  line: string,
  env: Readonly<Record<string, string | undefined>>,
  fail: (message: string, hint: string) => Error,
): string {
  return line.replace(
    /\$(?:\{([A-Za-z_]\w*)(?:(:?-)([^}]*))?[^}]*\}|([A-Za-z_]\w*)(?!\w*\$))/g,
    (_, braced?: string, operator?: string, fallback?: string, bare?: string) => {
      const name = braced ?? bare!;
      const value = env[name];
      if (value !== undefined && (value !== '' || operator !== ':-')) return value;
      if (operator !== undefined) return fallback ?? '';
      throw fail(
        `the variable ${name} is not set, and between "ENVSUB ON" and "OFF" its value belongs into the SQL`,
        `Run the import with ${name} set to what it is for every database.`,
      );
    },
  );
}

interface VersionRow {
  readonly version: unknown;
  readonly is_applied: unknown;
}

/** `goose_db_version`: of each number the newest row counts; older goose wrote one with false for a way down. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findBookkeeping(connection, 'goose_db_version', ['version_id', 'is_applied', 'id']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<VersionRow>(
    `SELECT CAST(version_id AS text) AS version, is_applied FROM ${table.sql} ORDER BY id`,
  );
  const applied = new Set<string>();
  for (const row of rows) {
    const version = BigInt(String(row.version)).toString();
    // Taken down and up again, it comes after what was applied meanwhile.
    applied.delete(version);
    if (isTrue(row.is_applied) && version !== '0') applied.add(version);
  }
  const byKey = new Map(project.revisions.map(({ key, id }) => [key, id]));
  return {
    table: table.label,
    applied: [...applied].flatMap((version) => byKey.get(version) ?? []),
    unknown: [...applied].filter((version) => !byKey.has(version)),
    problems: [],
  };
}
