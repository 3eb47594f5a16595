import { type Connection, DatabaseError } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { quoteIdent, quoteLiteral } from '../../postgres/identifiers.js';
import type { ManifestEngine } from '../manifest.js';
import type { LiveDatabase } from './restore-server-facts.js';
import { formatMarker, type Marker } from './swap-marker.js';
import { commentOn } from './swap-recover.js';

/**
 * Makes an empty database with the encoding and locale of a backup, marks it, and only then lets anybody in. Throws
 * TidemarkError `restore-refused` where the server has no such locale.
 *
 * @param live gives what a manifest does not say: the tablespace, and the locale provider where the locale is the same
 */
export async function createDatabase(
  connection: Connection,
  name: string,
  engine: ManifestEngine,
  live: LiveDatabase | undefined,
  marker: Marker | undefined,
): Promise<void> {
  const statement = `CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0 ${createOptions(engine, live).join(' ')} ALLOW_CONNECTIONS false`;
  try {
    await connection.executeAll([statement]);
  } catch (error) {
    if (!(error instanceof DatabaseError) || !['22023', '42809', '42704'].includes(error.sqlstate))
      throw error;
    throw new TidemarkError(
      'restore-refused',
      `a database like that of the backup cannot be made here: ${error.message}`,
      {
        exitCode: 4,
        hints: [
          `It was made with encoding ${engine.encoding}, collation ${engine.collate} and character type ${engine.ctype}. Install that locale on the server's machine, and restart the server.`,
          'Nothing was changed.',
        ],
        cause: error,
      },
    );
  }
  await connection.executeAll([
    'BEGIN',
    ...(marker === undefined ? [] : [commentOn(name, formatMarker(marker))]),
    `ALTER DATABASE ${quoteIdent(name)} ALLOW_CONNECTIONS true`,
    'COMMIT',
  ]);
}

function createOptions(engine: ManifestEngine, live: LiveDatabase | undefined): string[] {
  const { encoding, collate, ctype, settings } = engine;
  const same = live !== undefined && live.locale.collate === collate && live.locale.ctype === ctype;
  const provider = settings.localeProvider ?? (same ? live.locale.provider : 'c');
  const locale = settings.locale ?? (same ? live.locale.locale : null);
  const rules = settings.icuRules ?? (same ? live.locale.rules : null);
  return [
    ...(encoding === null ? [] : [`ENCODING ${quoteLiteral(encoding)}`]),
    ...(collate === null ? [] : [`LC_COLLATE ${quoteLiteral(collate)}`]),
    ...(ctype === null ? [] : [`LC_CTYPE ${quoteLiteral(ctype)}`]),
    ...(provider === 'i' && locale !== null
      ? [`LOCALE_PROVIDER icu ICU_LOCALE ${quoteLiteral(locale)}`]
      : []),
    ...(provider === 'i' && rules !== null ? [`ICU_RULES ${quoteLiteral(rules)}`] : []),
    ...(provider === 'b' && locale !== null
      ? [`LOCALE_PROVIDER builtin BUILTIN_LOCALE ${quoteLiteral(locale)}`]
      : []),
    ...(live === undefined || live.tablespace === 'pg_default'
      ? []
      : [`TABLESPACE ${quoteIdent(live.tablespace)}`]),
  ];
}
