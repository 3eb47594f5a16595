import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Connection } from '../../database/connection.js';
import {
  ATLAS_SUM,
  type AtlasFile,
  atlasFiles,
  atlasHashes,
  differsFromAtlasSum,
} from '../../migrations/atlas-sum.js';
import { decodeMigration } from '../../migrations/migration-file.js';
import { findBookkeeping } from '../bookkeeping-table.js';
import { distinctIds } from '../distinct-ids.js';
import { notFound, unsupported, wrongChecksum } from '../import-error.js';
import type { ImportedProject, ImportedRevision, Importer, RecordedElsewhere } from '../imported-project.js';
import { counted } from '../plain-revision.js';
import { findFolder, isFile, readSource } from '../source-file.js';
import { type AtlasMigration, readAtlasMigration } from './atlas-migration.js';

/** Atlas: `<version>_<name>.sql` with `-- atlas:` directives, `atlas.sum`, `atlas_schema_revisions`. */
export const importer: Importer = {
  tool: 'atlas',

  async read(path) {
    const folders = ['.', 'migrations'];
    // A folder above may have a schema.sql.
    const folder =
      (await findFolder(path, folders, (names) => names.includes(ATLAS_SUM))) ??
      (await findFolder(path, folders, (names) => names.some((name) => name.endsWith('.sql'))));
    if (folder === undefined) {
      throw notFound(`${path} holds no Atlas migrations`, [
        'Give the folder with the .sql files and atlas.sum.',
      ]);
    }
    const files = atlasFiles(folder);
    const reverse = files.find(({ name }) => name.endsWith('.down.sql'));
    if (reverse !== undefined) {
      throw unsupported(
        join(folder, reverse.name),
        1,
        'for Atlas this is a migration to be applied, not a reverse',
        [
          "If the files come in pairs, they are golang-migrate's: <number>_<name>.up.sql. Else move it into a subfolder.",
        ],
      );
    }
    const verified = await verify(folder, files);
    const migrations = files.map((file) => readAtlasMigration(join(folder, file.name), textOf(folder, file)));
    const { used, notes } = withoutCheckpoints(migrations, files);
    const ids = distinctIds(
      used.map(({ file }) => ({ version: versionOf(file.name), whole: stemOf(file.name) })),
    );
    return {
      tool: 'atlas',
      revisions: await Promise.all(
        used.map(({ file, migration }, index) => toRevision(folder, file, migration, ids[index]!)),
      ),
      notes: [verified, ...notes],
    };
  },

  recorded: (connection, project) => recorded(connection, project),
};

/** Throws TidemarkError (`import-checksum`) when `atlas.sum` does not hold; says what was verified. */
async function verify(folder: string, files: readonly AtlasFile[]): Promise<string> {
  const path = join(folder, ATLAS_SUM);
  if (!(await isFile(path))) {
    return `There is no ${ATLAS_SUM}, so nothing could be verified of its ${counted(files.length, 'file')}.`;
  }
  const difference = differsFromAtlasSum(decodeMigration(await readFile(path), path), files);
  if (difference === undefined) return `${ATLAS_SUM} is right: ${counted(files.length, 'file')} verified.`;
  throw wrongChecksum(
    `the files are not what ${path} says: ${difference}`,
    [
      'Bring the file back from version control;',
      'or, if the change is meant, run "atlas migrate hash", and import again.',
      'A checkout with CRLF line ends differs too: Atlas hashes every byte. Check out with LF (git config core.autocrlf input).',
    ],
    { difference },
  );
}

function textOf(folder: string, { name, bytes }: AtlasFile): string {
  return decodeMigration(bytes, join(folder, name)).replace(/\r\n?/g, '\n');
}

function versionOf(file: string): string {
  return stemOf(file).split('_', 1)[0]!;
}

function stemOf(file: string): string {
  return file.replace(/(?:\.up)?\.sql$/, '');
}

interface Used {
  readonly file: AtlasFile;
  readonly migration: AtlasMigration;
}

/** A checkpoint sums up what is before it: where that is there, it is not needed. */
function withoutCheckpoints(
  migrations: readonly AtlasMigration[],
  files: readonly AtlasFile[],
): { readonly used: readonly Used[]; readonly notes: readonly string[] } {
  const all = migrations.map((migration, index) => ({ file: files[index]!, migration }));
  const first = all.findIndex(({ migration }) => !migration.checkpoint);
  const starts = all[0]?.migration.checkpoint === true;
  const left = all.filter(({ migration }, index) => migration.checkpoint && !(starts && index === 0));
  const checks = all.filter(({ migration }) => migration.checks).map(({ file }) => file.name);
  return {
    used: first === -1 ? all.slice(0, 1) : all.filter((one) => !left.includes(one)),
    notes: [
      ...left.map(({ file }) => `${file.name} is a checkpoint: left out, because what it sums up is there.`),
      ...(checks.length > 0
        ? [
            `Checks before a migration (atlas:txtar) have no counterpart and were left out of ${checks.join(', ')}.`,
          ]
        : []),
    ],
  };
}

async function toRevision(
  folder: string,
  { name }: AtlasFile,
  { up, down, transaction }: AtlasMigration,
  id: string,
): Promise<ImportedRevision> {
  const reverse = join(folder, `${stemOf(name)}.down.sql`);
  return {
    id,
    name: stemOf(name).split('_').slice(1).join('_'),
    parents: undefined,
    dependsOn: [],
    branch: undefined,
    up,
    down: name.endsWith('.up.sql') && (await isFile(reverse)) ? (await readSource(reverse)).text : down,
    transaction,
    downTransaction: 'file',
    key: versionOf(name),
    source: join(folder, name),
  };
}

/** Bits of the column `type`: it stands for everything before; somebody said that it is done. */
const BASELINE = 1;
const RESOLVED = 4;

interface RevisionRow {
  readonly version: string;
  readonly type: unknown;
  readonly applied: unknown;
  readonly total: unknown;
  readonly error: string | null;
  readonly hash: string;
}

/** `atlas_schema_revisions`, in the connected schema or one of its own name. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findBookkeeping(connection, 'atlas_schema_revisions', [
    'version',
    'type',
    'applied',
    'total',
    'hash',
  ]);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<RevisionRow>(
    `SELECT version, type, applied, total, error, hash FROM ${table.sql} WHERE version NOT LIKE '.%'
      ORDER BY executed_at, version`,
  );
  const { revisions } = project;
  const files = revisions[0] === undefined ? [] : atlasFiles(dirname(revisions[0].source));
  const lies = (version: string) => files.some(({ name }) => versionOf(name) === version);
  const known = new Map(revisions.map((revision) => [revision.key, revision]));
  const applied = new Set<string>();
  const unknown: string[] = [];
  const problems: string[] = [];
  for (const row of rows) {
    const type = Number(row.type);
    const failed = row.error !== null && row.error !== '';
    if ((type & RESOLVED) === 0 && (failed || Number(row.applied) < Number(row.total))) {
      problems.push(
        `Version ${row.version} is half applied: ${row.applied} of ${row.total} statements${failed ? ` (${row.error})` : ''}. Finish it with "atlas migrate apply", or say that it is done with "atlas migrate set".`,
      );
    }
    // A baseline, like a checkpoint that an empty database began with, stands for all before it.
    const stands = (type & BASELINE) !== 0 || (!known.has(row.version) && lies(row.version));
    if (stands) for (const { key } of revisions) if (key <= row.version) applied.add(key);
    if (known.has(row.version)) applied.add(row.version);
    else if (!stands) unknown.push(row.version);
  }
  return {
    table: table.label,
    applied: [...applied].map((key) => known.get(key)!.id),
    unknown,
    problems,
    edited: editedSince(rows, files, table.label),
  };
}

/**
 * The first file that is not what was applied. A row holds the running hash up to its file, over the files that were
 * there then: all before it, or only those applied before it where another came in later.
 */
function editedSince(rows: readonly RevisionRow[], files: readonly AtlasFile[], table: string): string[] {
  const now = atlasHashes(files);
  const isApplied = (name: string) => rows.some(({ version }) => version === versionOf(name));
  const then = atlasHashes(files.filter(({ name }) => isApplied(name)));
  for (const { version, hash } of rows) {
    const file = files.find(({ name }) => versionOf(name) === version);
    if (file === undefined || !hash) continue;
    const bare = hash.replace(/^h1:/, '');
    if (bare === now.get(file.name) || bare === then.get(file.name)) continue;
    return [
      `${file.name}, or a file before it, was changed after it was applied: ${table} has another hash.`,
    ];
  }
  return [];
}
