import { packageVersion } from './embedded-extensions.js';

/** The PostgreSQL inside the PGlite that package.json pins. A test holds it against the engine's own word. */
export const EMBEDDED_POSTGRES = '18.6';
export const EMBEDDED_POSTGRES_NUMBER = 180006;

/** What decides how the embedded engine reads SQL: its version and that of the extensions beside it. */
export function engineFingerprint(): string {
  return `pglite ${packageVersion('@electric-sql/pglite')} pgvector ${packageVersion('@electric-sql/pglite-pgvector')}`;
}
