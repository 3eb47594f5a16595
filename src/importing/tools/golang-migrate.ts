import type { Connection } from '../../database/connection.js';
import { findBookkeeping, isTrue } from '../bookkeeping-table.js';
import { notFound, unsupported } from '../import-error.js';
import type { ImportedProject, Importer, RecordedElsewhere } from '../imported-project.js';
import { counted, plainRevision } from '../plain-revision.js';
import { findFolder, listSources, readSource } from '../source-file.js';

/** As golang-migrate's `source/parse.go` has it. */
const FILE = /^([0-9]+)_(.*)\.(up|down)\.sql$/;

/** golang-migrate: `<number>_<name>.up.sql` and `.down.sql`; the database knows only the newest number. */
export const importer: Importer = {
  tool: 'golang-migrate',

  async read(path) {
    const isMigrate = (names: readonly string[]) => names.some((name) => FILE.test(name));
    const folder = await findFolder(path, ['.', 'migrations', 'db/migrations', 'db/migration'], isMigrate);
    if (folder === undefined) {
      throw notFound(`${path} holds no golang-migrate migrations`, [
        'Give the folder with the files named <number>_<name>.up.sql.',
      ]);
    }
    const pairs = new Map<string, { up?: string; down?: string; version: string; name: string }>();
    for (const file of await listSources(folder, 'golang-migrate')) {
      const [, version, name, way] = FILE.exec(file) ?? [];
      if (version === undefined) continue;
      const key = BigInt(version).toString();
      const pair = pairs.get(key) ?? { version, name: name! };
      const direction = way === 'up' ? 'up' : 'down';
      if (pair[direction] !== undefined) {
        throw unsupported(`${folder}/${file}`, 1, `${pair[direction]} has the same number`, [
          'golang-migrate refuses two files with one number too: give one of them another.',
        ]);
      }
      pairs.set(key, { ...pair, [direction]: file });
    }
    const inOrder = [...pairs].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1));
    const revisions = [];
    for (const [key, { up, down, version, name }] of inOrder) {
      if (up === undefined) {
        throw unsupported(`${folder}/${down}`, 1, 'there is no .up.sql file for it', [
          'Write one; where there is nothing to do it holds a comment and SELECT 1;',
        ]);
      }
      revisions.push(
        plainRevision({
          id: version,
          name,
          up: (await readSource(`${folder}/${up}`)).text,
          down: down === undefined ? undefined : (await readSource(`${folder}/${down}`)).text,
          key,
          source: `${folder}/${up}`,
        }),
      );
    }
    return {
      tool: 'golang-migrate',
      revisions,
      notes: [
        `golang-migrate keeps no checksums, so nothing could be verified of its ${counted(revisions.length, 'migration')}.`,
      ],
    };
  },

  recorded: (connection, project) => recorded(connection, project),
};

/** `schema_migrations(version, dirty)` has one row: everything up to that number is applied. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findBookkeeping(connection, 'schema_migrations', ['version', 'dirty']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const [row] = await connection.query<{ version: unknown; dirty: unknown }>(
    `SELECT CAST(version AS text) AS version, dirty FROM ${table.sql} LIMIT 1`,
  );
  const newest = row === undefined ? -1n : BigInt(String(row.version));
  const keys = new Set(project.revisions.map(({ key }) => key));
  return {
    table: table.label,
    applied: project.revisions.filter(({ key }) => BigInt(key) <= newest).map(({ id }) => id),
    unknown: newest >= 0n && !keys.has(newest.toString()) ? [newest.toString()] : [],
    problems:
      row !== undefined && isTrue(row.dirty)
        ? [
            `${table.label} is dirty: migration ${newest} failed half way. Mend the database, then tell golang-migrate with "migrate force VERSION".`,
          ]
        : [],
  };
}
