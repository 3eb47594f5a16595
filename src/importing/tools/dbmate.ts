import type { Connection } from '../../database/connection.js';
import { findBookkeeping } from '../bookkeeping-table.js';
import { distinctIds } from '../distinct-ids.js';
import { notFound, unsupported } from '../import-error.js';
import type { ImportedProject, ImportedRevision, Importer, RecordedElsewhere } from '../imported-project.js';
import { counted, plainRevision } from '../plain-revision.js';
import { findFolder, lineAt, listSources, readSource, type SourceFile } from '../source-file.js';
import { trimSection } from '../statement-end.js';

/** As dbmate's `pkg/dbmate/migration.go` finds them: at the start of a line, whatever stands around. */
const BLOCK = /^--\s*migrate:(up|down)(?:[ \t]*$|[ \t]+(\S.*)$)/gm;
const FILE = /^(\d+)(.*)\.sql$/;

/** dbmate: `<version>_<name>.sql` with `-- migrate:up` and `-- migrate:down`, versions in `schema_migrations`. */
export const importer: Importer = {
  tool: 'dbmate',

  async read(path) {
    const isDbmate = (names: readonly string[]) => names.some((name) => FILE.test(name));
    const folder = await findFolder(path, ['.', 'db/migrations', 'migrations'], isDbmate);
    if (folder === undefined) {
      throw notFound(`${path} holds no dbmate migrations`, [
        'Give the folder with the files named <version>_<name>.sql; dbmate calls it db/migrations.',
      ]);
    }
    const files = await readFiles(folder);
    const ids = distinctIds(
      files.map(({ name }) => ({ version: FILE.exec(name)![1]!, whole: name.slice(0, -4) })),
    );
    const revisions = files.map((file, index) => toRevision(file, ids[index]!));
    const withDown = revisions.filter(({ down }) => down !== undefined).length;
    return {
      tool: 'dbmate',
      revisions,
      notes: [
        `dbmate keeps no checksums, so nothing could be verified of its ${counted(files.length, 'file')} (${withDown} with a way down).`,
      ],
    };
  },

  recorded: (connection, project) => recorded(connection, project),
};

async function readFiles(folder: string): Promise<SourceFile[]> {
  const names = (await listSources(folder, 'dbmate')).filter((name) => FILE.test(name));
  return Promise.all(names.map((name) => readSource(`${folder}/${name}`)));
}

function toRevision(file: SourceFile, id: string): ImportedRevision {
  const { text, path, name } = file;
  const blocks = [...text.matchAll(BLOCK)];
  const [first] = blocks;
  if (first === undefined || first[1] !== 'up') {
    throw unsupported(
      path,
      first ? lineAt(text, first.index) : 1,
      'the file does not begin with "-- migrate:up"',
      ['dbmate refuses such a file too: put "-- migrate:up" before its first statement.'],
    );
  }
  const before = text.slice(0, first.index);
  if (before.split('\n').some((line) => !/^\s*(?:--.*)?$/.test(line))) {
    throw unsupported(path, 1, 'a statement stands before "-- migrate:up"', [
      'dbmate refuses it too: move it.',
    ]);
  }
  const sections = { up: '', down: '' };
  const without = { up: false, down: false };
  for (const [at, block] of blocks.entries()) {
    const way = block[1] === 'up' ? 'up' : 'down';
    if (blocks.slice(0, at).some((other) => other[1] === way)) {
      throw unsupported(path, lineAt(text, block.index), `a second "-- migrate:${way}"`, [
        'dbmate fails on such a file: make two of it. If the line is part of a text, indent it.',
      ]);
    }
    const body = text.slice(block.index + block[0].length, blocks[at + 1]?.index).replace(/^\n/, '');
    sections[way] = trimSection(body);
    without[way] = /(?:^|\s)transaction:false(?:\s|$)/.test(block[2] ?? '');
  }
  const [, version, rest] = FILE.exec(name)!;
  return plainRevision({
    id,
    name: rest!.replace(/^[_-]+/, ''),
    up: trimSection(before) + sections.up,
    down: sections.down,
    transaction: without.up ? 'none' : 'file',
    downTransaction: without.down ? 'none' : 'file',
    key: version!,
    source: path,
  });
}

/** `schema_migrations(version)`: golang-migrate's table of that name has a column `dirty` besides. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findBookkeeping(connection, 'schema_migrations', ['version'], ['dirty']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<{ version: unknown }>(
    `SELECT version FROM ${table.sql} ORDER BY version`,
  );
  const versions = rows.map((row) => String(row.version));
  const there = new Set(versions);
  const known = new Set(project.revisions.map(({ key }) => key));
  return {
    table: table.label,
    applied: project.revisions.filter(({ key }) => there.has(key)).map(({ id }) => id),
    unknown: versions.filter((version) => !known.has(version)),
    problems: [],
  };
}
