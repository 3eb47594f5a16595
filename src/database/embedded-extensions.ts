import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

type EnginePackage = '@electric-sql/pglite' | '@electric-sql/pglite-pgvector';

/** One archive of files that PGlite ships: an extension, a few of them, or a library to LOAD. */
interface Bundle {
  readonly package: EnginePackage;
  /** The archive's name without `.tar.gz`. */
  readonly archive: string;
  readonly extensions: readonly string[];
  /** Shared libraries without `.so`, where they are not named like the extensions. */
  readonly libraries?: readonly string[];
}

const CONTRIB = [
  ...['amcheck', 'bloom', 'btree_gin', 'btree_gist', 'citext', 'cube', 'dict_int', 'dict_xsyn'],
  ...['earthdistance', 'file_fdw', 'fuzzystrmatch', 'hstore', 'isn', 'lo', 'ltree', 'pageinspect'],
  ...['pg_buffercache', 'pg_freespacemap', 'pg_logicalinspect', 'pg_stat_statements', 'pg_surgery'],
  ...['pg_trgm', 'pg_visibility', 'pg_walinspect', 'pgcrypto', 'seg', 'tablefunc', 'tcn'],
  ...['tsm_system_rows', 'tsm_system_time', 'unaccent', 'uuid-ossp'],
];

/** Everything the embedded engine offers beyond what is built in. */
export const BUNDLES: readonly Bundle[] = [
  ...CONTRIB.map((name): Bundle => ({ package: '@electric-sql/pglite', archive: name, extensions: [name] })),
  { package: '@electric-sql/pglite', archive: 'intarray', extensions: ['intarray'], libraries: ['_int'] },
  {
    package: '@electric-sql/pglite',
    archive: 'spi',
    extensions: ['autoinc', 'insert_username', 'moddatetime', 'refint'],
  },
  ...['auto_explain', 'passwordcheck', 'pg_overexplain'].map(
    (name): Bundle => ({ package: '@electric-sql/pglite', archive: name, extensions: [], libraries: [name] }),
  ),
  { package: '@electric-sql/pglite-pgvector', archive: 'vector', extensions: ['vector'] },
];

/** The names that CREATE EXTENSION takes on the embedded engine, sorted; `plpgsql` is always there. */
export const EMBEDDED_EXTENSIONS: readonly string[] = BUNDLES.flatMap((bundle) => bundle.extensions).sort();

/** The archive's path in the installed package. */
export function bundlePath(bundle: Bundle): string {
  return join(packageFolder(bundle.package), 'dist', `${bundle.archive}.tar.gz`);
}

/** The installed version of a package of the engine. Read, not imported: the engine need not be loaded for it. */
export function packageVersion(name: EnginePackage): string {
  const manifest = JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}

function packageFolder(name: EnginePackage): string {
  // The entry point lies in `dist`; package.json itself is not among the exports.
  return dirname(dirname(createRequire(import.meta.url).resolve(name)));
}
