import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Migration } from '../migrations/migration-file.js';
import { diffSchemas } from '../schema/diff.js';
import type { Schema } from '../schema/object.js';
import { describeChange } from './prove.js';
import { fitsTransaction, runScripts, splitScripts } from './run-scripts.js';
import type { Workbench } from './workbench.js';

/**
 * Runs all migrations on the dev database from nothing, then takes each one down again and compares the
 * schema with what it was before that migration. Throws what the engine refuses (`sql-failed`, with the
 * place) and `replay-different` for a reverse that does not lead back, with what differs.
 * Gives the number of migrations that have no reverse: those and everything before them stay.
 */
export async function replay(
  bench: Workbench,
  migrations: readonly Migration[],
): Promise<{ withoutDown: number }> {
  const ups = await splitScripts(
    migrations.map((migration) => ({ name: migration.path, sql: migration.up })),
    bench.dialect,
  );
  const downs = await splitScripts(
    migrations.map(({ down, path }) => ({ name: down?.path ?? path, sql: down?.sql ?? '' })),
    bench.dialect,
  );
  const builder = { transactional: fitsTransaction([...ups, ...downs]), run: async () => undefined };
  await bench.build(builder, async (connection) => {
    const states: Schema[] = [await read(bench, connection)];
    for (const script of ups) {
      await runScripts(connection, [script]);
      states.push(await read(bench, connection));
    }
    for (let at = migrations.length - 1; at >= 0; at--) {
      const migration = migrations[at]!;
      if (!migration.down) return;
      await runScripts(connection, [downs[at]!]);
      const left = diffSchemas(await read(bench, connection), states[at]!, bench.dialect);
      if (left.length > 0)
        throw different(
          migration,
          left.map((change) => describeChange(change, bench.dialect)),
        );
    }
  });
  return { withoutDown: migrations.filter(({ down }) => !down).length };
}

function read(bench: Workbench, connection: Connection): Promise<Schema> {
  return bench.dialect.readSchema(connection, bench.filter);
}

function different(migration: Migration, lines: readonly string[]): TidemarkError {
  return new TidemarkError(
    'replay-different',
    `${migration.down?.path} does not lead back to what was there before ${migration.file}`,
    {
      excerpt: lines.join('\n'),
      hints: [
        'The lines say what is still to be done to get there. Mend the file, then run `tidemark migrate hash`.',
      ],
      details: { revision: migration.version, differences: lines },
    },
  );
}
