import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Connection } from '../../database/connection.js';
import { findBookkeeping, isTrue } from '../bookkeeping-table.js';
import { notFound, unsupported } from '../import-error.js';
import type { ImportedProject, ImportedRevision, Importer, RecordedElsewhere } from '../imported-project.js';
import { counted, plainRevision } from '../plain-revision.js';
import { isFolder, lineAt, readSource, type SourceFile } from '../source-file.js';
import {
  compareFlyway,
  type FlywaySettings,
  readSettings,
  settingsOf,
  versionKey,
} from './flyway-settings.js';

const FILE = /^([VUB])([0-9][0-9._]*?)(?:__(.*))?\.(sql|java|class|kt|groovy)$/;
const REPEATABLE = /^R__(.*)\.(sql|java|class|kt|groovy)$/;

interface Found {
  readonly kind: 'V' | 'U' | 'B' | 'R';
  readonly version: string;
  readonly description: string;
  readonly path: string;
  readonly script: boolean;
}

/** Flyway: `V<version>__<name>.sql`, undo `U…`, repeatable `R__<name>.sql`, baseline `B…`; `flyway_schema_history`. */
export const importer: Importer = {
  tool: 'flyway',

  async read(path, options) {
    const found = (await isFolder(path)) ? await search(path) : [];
    if (!found.some(({ kind }) => kind === 'V' || kind === 'B')) {
      throw notFound(`${path} holds no Flyway migrations`, [
        'Give the folder with the files named V<version>__<name>.sql; it and the folders below are searched.',
      ]);
    }
    const settings = await readSettings(path, options.env);
    return convert(found, settings);
  },

  recorded: (connection, project) => recorded(connection, project),
};

async function search(root: string): Promise<Found[]> {
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  return names
    .filter(
      (entry) =>
        entry.isFile() && !/(?:^|[\\/])(?:node_modules|\.git|target|build)[\\/]/.test(`${entry.parentPath}/`),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((path): Found[] => {
      const [, kind, version, description = '', ending] = FILE.exec(basename(path)) ?? [];
      if (kind !== undefined) {
        const dotted = version!.replaceAll('_', '.');
        return [
          { kind: kind as Found['kind'], version: dotted, description, path, script: ending === 'sql' },
        ];
      }
      const [, name, language] = REPEATABLE.exec(basename(path)) ?? [];
      return name === undefined
        ? []
        : [{ kind: 'R', version: '', description: name, path, script: language === 'sql' }];
    });
}

async function convert(found: readonly Found[], settings: FlywaySettings): Promise<ImportedProject> {
  const program = found.find(({ script }) => !script);
  if (program !== undefined) {
    const all = found.filter(({ script }) => !script).map(({ path }) => basename(path));
    throw unsupported(
      program.path,
      1,
      `${counted(all.length, 'migration')} not written in SQL: ${all.join(', ')}`,
      [
        `Put a copy of the migrations elsewhere, with ${basename(program.path).replace(/\.\w+$/, '.sql')} in SQL for what the program does (SELECT 1; where its work is done in every database), and import that.`,
      ],
    );
  }
  const notes: string[] = [];
  const of = (kind: Found['kind']) =>
    found.filter((file) => file.kind === kind).sort((a, b) => compareFlyway(a.version, b.version));
  const versioned = of('V');
  requireOneEach(versioned);
  const baseline = of('B').at(-1);
  // A baseline migration stands for everything up to it, for databases that begin with it.
  const replaced =
    baseline && versioned.filter(({ version }) => compareFlyway(version, baseline.version) <= 0);
  const line = baseline && replaced?.length === 0 ? [baseline, ...versioned] : versioned;
  if (baseline !== undefined && replaced?.length !== 0) {
    notes.push(`${basename(baseline.path)} was left out: the versions that it sums up are there.`);
  }
  const undo = new Map(of('U').map((file) => [versionKey(file.version), file]));
  const revisions: ImportedRevision[] = [];
  for (const file of line) {
    const key = versionKey(file.version);
    const up = await sqlOf(file, settings);
    const back = undo.get(key);
    undo.delete(key);
    const down = back && (await sqlOf(back, settings));
    revisions.push(
      plainRevision({
        id: file.version,
        name: file.description,
        up: up.sql,
        down: down?.sql,
        transaction: up.transaction,
        downTransaction: down?.transaction ?? 'file',
        key,
        source: file.path,
      }),
    );
  }
  for (const { path } of undo.values())
    notes.push(`${basename(path)} undoes a version that is not there: left out.`);
  const repeatable = found
    .filter(({ kind }) => kind === 'R')
    .sort((a, b) => (a.description < b.description ? -1 : 1));
  const last = line.at(-1)!.version;
  for (const [index, file] of repeatable.entries()) {
    const { sql, transaction } = await sqlOf(file, settings);
    revisions.push(
      plainRevision({
        // After the last version, before whatever is written from now on.
        id: `${last}.R${index + 1}`,
        name: file.description,
        up: sql,
        transaction,
        key: `R:${file.description.replaceAll('_', ' ')}`,
        source: file.path,
      }),
    );
  }
  if (repeatable.length > 0) {
    notes.push(
      `Flyway runs R__ files again whenever they change; here ${repeatable.length === 1 ? 'it is a migration that runs' : 'they are migrations that run'} once, after the versions: ${repeatable.map(({ path }) => basename(path)).join(', ')}. Change what they make with a new migration from now on.`,
    );
  }
  notes.push(
    'Flyway keeps the checksums of its files in the database: they are verified when it is read there.',
  );
  return { tool: 'flyway', revisions, notes };
}

function requireOneEach(versioned: readonly Found[]): void {
  for (const [at, file] of versioned.entries()) {
    const before = versioned[at - 1];
    if (before === undefined || compareFlyway(before.version, file.version) !== 0) continue;
    throw unsupported(file.path, 1, `${before.path} has the same version ${file.version}`, [
      'Flyway refuses it too. Give PATH the one folder that is meant.',
    ]);
  }
}

async function sqlOf(
  { path }: Found,
  settings: FlywaySettings,
): Promise<{ sql: string; transaction: ImportedRevision['transaction'] }> {
  const file = await readSource(path);
  const own = await settingsOf(`${path}.conf`);
  const replaces = own.get('placeholderReplacement') ?? settings.replaces;
  return {
    sql: replaces === 'false' ? file.text : replacePlaceholders(file, settings),
    transaction: own.get('executeInTransaction') === 'false' ? 'none' : 'file',
  };
}

function replacePlaceholders({ text, path }: SourceFile, { placeholders }: FlywaySettings): string {
  return text.replace(/\$\{([^}\n]*)\}/g, (_, name: string, offset: number) => {
    const value = placeholders.get(name.toLowerCase());
    if (value !== undefined) return value;
    throw unsupported(path, lineAt(text, offset), `the placeholder \${${name}} has no value`, [
      `Give it the value that every database has: flyway.placeholders.${name} in flyway.conf, or the variable FLYWAY_PLACEHOLDERS_${name.toUpperCase().replace(/\W/g, '_')}.`,
      'If it is no placeholder, Flyway needs flyway.placeholderReplacement=false in flyway.conf, and so does the import.',
    ]);
  });
}

/** CRC32 over the lines without their ends, as a signed number: Flyway's `ChecksumCalculator`. */
export function flywayChecksum(text: string): number {
  const lines = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  return crc32(lines.replaceAll('\n', '')) | 0;
}

interface FlywayRow {
  readonly version: string | null;
  readonly description: string;
  readonly type: string;
  readonly script: string;
  readonly checksum: number | null;
  readonly success: unknown;
}

/** `flyway_schema_history`, in the order of `installed_rank`. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const columns = ['installed_rank', 'version', 'type', 'checksum', 'success'];
  const table = await findBookkeeping(connection, 'flyway_schema_history', columns);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<FlywayRow>(
    `SELECT version, description, type, script, checksum, success FROM ${table.sql} ORDER BY installed_rank`,
  );
  const byKey = new Map(project.revisions.map((revision) => [revision.key, revision]));
  const applied = new Set<string>();
  const unknown = new Set<string>();
  const checksums = new Map<string, number | null>();
  const problems: string[] = [];
  const edited: string[] = [];
  const notes: string[] = [];
  for (const row of rows) {
    const key = row.version === null ? `R:${row.description}` : versionKey(row.version);
    if (!isTrue(row.success)) {
      problems.push(`${row.script} failed and is recorded so. Mend the database, then run "flyway repair".`);
    } else if (row.type === 'BASELINE' || row.type === 'SQL_BASELINE') {
      for (const revision of project.revisions) {
        if (!revision.key.startsWith('R:') && compareFlyway(revision.key, key) <= 0)
          applied.add(revision.key);
      }
    } else if (row.type === 'DELETE' || row.type.startsWith('UNDO')) {
      applied.delete(key);
      unknown.delete(key);
    } else if (row.type !== 'SCHEMA') {
      // A repeatable one counts where it ran last.
      applied.delete(key);
      if (byKey.has(key)) {
        applied.add(key);
        checksums.set(key, row.checksum === null ? null : Number(row.checksum));
      } else unknown.add(row.version === null ? row.script : key);
    }
  }
  for (const [key, checksum] of checksums) {
    const revision = byKey.get(key)!;
    if (!applied.has(key) || checksum === null) continue;
    const { text } = await readSource(revision.source);
    if ([text, revision.up].some((candidate) => flywayChecksum(candidate) === checksum)) continue;
    if (key.startsWith('R:')) {
      applied.delete(key);
      notes.push(
        `${basename(revision.source)} was changed since it ran: it is pending, and runs with the next "migrate up".`,
      );
      continue;
    }
    edited.push(
      `${revision.source} was changed after it was applied: ${table.label} has checksum ${checksum}, the file ${flywayChecksum(text)}.`,
    );
  }
  return {
    table: table.label,
    applied: [...applied].map((key) => byKey.get(key)!.id),
    unknown: [...unknown],
    problems,
    edited,
    notes,
  };
}
