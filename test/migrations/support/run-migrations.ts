// A runner as a process of its own, to be killed. Arguments: direction, database URL, folder, options as JSON.
import { loadDialect } from '../../../src/dialects.js';
import { TidemarkError } from '../../../src/errors.js';
import { readMigrationFolder } from '../../../src/migrations/folder.js';
import { migrateDown } from '../../../src/migrations/migrate-down.js';
import { migrateUp } from '../../../src/migrations/migrate-up.js';
import { connect } from './database.js';

const [direction, url, folder, options] = process.argv.slice(2) as [string, string, string, string];
const connection = await connect(url);
try {
  const run = direction === 'up' ? migrateUp : migrateDown;
  process.send?.({ ready: true });
  const result = await run(
    connection,
    await readMigrationFolder(folder),
    await loadDialect(connection.engine),
    {
      ...JSON.parse(options),
      onEvent: (event) => process.send?.({ event: event.type }),
    },
  );
  process.send?.({ steps: result.steps.map((step) => step.revision) });
} catch (error) {
  if (!(error instanceof TidemarkError)) throw error;
  process.send?.({ code: error.code, message: error.message, exitCode: error.exitCode, hints: error.hints });
} finally {
  await connection.close().catch(() => {});
  process.disconnect?.();
}
