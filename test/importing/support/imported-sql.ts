import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { openDevDatabase } from '../../../src/database/open-dev-database.js';
import { loadDialect } from '../../../src/dialects.js';
import type { ImportedProject } from '../../../src/importing/imported-project.js';
import { readDirectives } from '../../../src/migrations/directives.js';
import type { Migration } from '../../../src/migrations/migration-file.js';
import { describeChange } from '../../../src/planning/prove.js';
import { replay } from '../../../src/planning/replay.js';
import { Workbench } from '../../../src/planning/workbench.js';
import { diffSchemas } from '../../../src/schema/diff.js';
import type { Schema } from '../../../src/schema/object.js';
import type { TestServer } from '../../support/postgres-server.js';

/** Imported revisions as the migrations that a folder of ours would give. */
export function asMigrations(project: ImportedProject): Migration[] {
  return project.revisions.map((revision): Migration => {
    const file = `${revision.id}_imported.sql`;
    return {
      version: revision.id,
      name: revision.name,
      file,
      path: file,
      up: revision.up,
      checksum: '',
      directives: {
        ...readDirectives('', file),
        parents: revision.parents,
        dependsOn: revision.dependsOn,
        branch: revision.branch,
        transaction: revision.transaction,
      },
      down:
        revision.down === undefined
          ? undefined
          : {
              file: `${file}.down`,
              path: `${file}.down`,
              sql: revision.down,
              checksum: '',
              transaction: revision.downTransaction,
            },
      language: 'sql',
    };
  });
}

/** Plays them up and down on a scratch database of a server; gives how many have no way back. */
export async function replayOn(server: TestServer, project: ImportedProject): Promise<number> {
  const dev = server.embedded ? 'embedded' : parseDatabaseUrl(await server.adminUrl());
  const bench = new Workbench({
    dialect: await loadDialect('postgres'),
    openDev: () => openDevDatabase({ engine: 'postgres', dev }),
  });
  try {
    return (await replay(bench, asMigrations(project))).withoutDown;
  } finally {
    await bench.close();
  }
}

/** Runs the SQL of all revisions, in order, in a database. */
export async function runImported(project: ImportedProject, url: string): Promise<void> {
  const address = parseDatabaseUrl(url);
  const connection = await openDatabase(address);
  try {
    const dialect = await loadDialect(connection.engine);
    for (const { up, source } of project.revisions) {
      for (const { sql } of await dialect.splitScript(up, source)) await connection.executeAll([sql]);
    }
  } finally {
    await connection.close();
  }
}

/** How two databases of one engine differ, in words; empty when they do not. */
export async function differences(from: string, to: string): Promise<string[]> {
  const dialect = await loadDialect(from.startsWith('sqlite:') ? 'sqlite' : 'postgres');
  const readSchema = async (url: string): Promise<Schema> => {
    const connection = await openDatabase(parseDatabaseUrl(url));
    try {
      return await dialect.readSchema(connection, { exclude: [] });
    } finally {
      await connection.close();
    }
  };
  const [before, after] = [await readSchema(from), await readSchema(to)];
  return diffSchemas(before, after, dialect).map((change) => describeChange(change, dialect));
}
