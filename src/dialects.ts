import type { EngineName } from './database/connection.js';
import { TidemarkError } from './errors.js';
import type { Dialect } from './schema/dialect.js';

/** Loads the dialect of an engine: the one place where an engine's name becomes code. */
export async function loadDialect(engine: EngineName): Promise<Dialect> {
  if (engine === 'postgres') return (await import('./postgres/dialect.js')).postgresDialect;
  throw new TidemarkError('engine-unsupported', `${engine} is not supported`, {
    exitCode: 2,
    hints: ['Use a postgres:// or pglite: URL.'],
  });
}
