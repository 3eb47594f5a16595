import type { EngineName } from './database/connection.js';
import type { Dialect } from './schema/dialect.js';

/** Loads the dialect of an engine: the one place where an engine's name becomes code. */
export async function loadDialect(engine: EngineName): Promise<Dialect> {
  switch (engine) {
    case 'postgres':
      return (await import('./postgres/dialect.js')).postgresDialect;
    case 'sqlite':
      return (await import('./sqlite/dialect.js')).sqliteDialect;
  }
}
