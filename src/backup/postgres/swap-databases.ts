import type { Connection } from '../../database/connection.js';
import { DatabaseError } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { quoteLiteral } from '../../postgres/identifiers.js';
import { formatMarker, type Marker } from './swap-marker.js';

export interface Swap {
  /** The name in question. */
  readonly database: string;
  /** The database that takes it. */
  readonly beside: string;
  /** What `beside` is marked as; its `comment` becomes the comment of the live one. */
  readonly marker: Marker;
  /** What becomes of the live one; undefined: there is none. */
  readonly old: { readonly name: string; readonly marker: Marker } | undefined;
  /** How long sessions may take to end, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Gives the live database's name to another. One statement does all of it on the server, so that it goes on to its
 * end whatever becomes of this process: connections are held off from both, sessions ended, and then, in one
 * transaction, both are renamed, marked and opened. When that fails, both are opened again under their old names.
 * Only a server that dies in these moments leaves connections held off; `recoverRestores` opens them.
 *
 * Throws TidemarkError: `swap-failed` (nothing has changed), `swap-unknown` (the connection was lost meanwhile).
 */
export async function swapDatabases(connection: Connection, swap: Swap): Promise<void> {
  try {
    await connection.query(statement(swap));
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.connectionLost) {
      throw new TidemarkError(
        'swap-unknown',
        'the connection was lost while the databases were being swapped',
        {
          hints: [
            'The server goes on with it by itself, or undoes it. Run the command again: it puts right what is left.',
          ],
          cause: error,
        },
      );
    }
    throw new TidemarkError(
      'swap-failed',
      `"${swap.beside}" could not take the name "${swap.database}": ${error.message}`,
      {
        exitCode: error.sqlstate === '55006' || error.sqlstate === '55P03' ? 4 : 1,
        hints: [
          `"${swap.database}" is what it was, and takes connections.`,
          ...(error.sqlstate === '55006'
            ? ['Something holds on to it: a prepared transaction, or a session that cannot be ended.']
            : []),
        ],
        cause: error,
      },
    );
  }
}

function statement({ database, beside, marker, old, timeoutMs }: Swap): string {
  const text = (value: string | null) => (value === null ? 'NULL' : quoteLiteral(value));
  // Without a live one nothing is held off that would have to be opened again: it stays what goes away.
  const during = old === undefined && marker.state === 'restoring' ? 'restoring' : 'swapping';
  const body = `
DECLARE
  live CONSTANT text := ${text(database)};
  beside CONSTANT text := ${text(beside)};
  old CONSTANT text := ${text(old?.name ?? null)};
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + interval '${Math.floor(timeoutMs)} milliseconds';
  failure text;
  detail text;
  code text;
BEGIN
  IF old IS NOT NULL THEN
    EXECUTE pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS false', live);
  END IF;
  EXECUTE pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS false', beside);
  EXECUTE pg_catalog.format('COMMENT ON DATABASE %I IS %L', beside, ${text(formatMarker({ ...marker, state: during }))});
  COMMIT;
  BEGIN
    LOOP
      -- Autovacuum has no user, is not ours to end, and makes way by itself.
      PERFORM pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
        WHERE datname IN (live, beside) AND usesysid IS NOT NULL;
      PERFORM pg_catalog.pg_stat_clear_snapshot();
      IF NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity
                     WHERE datname IN (live, beside) AND usesysid IS NOT NULL) THEN
        BEGIN
          IF old IS NOT NULL THEN
            EXECUTE pg_catalog.format('ALTER DATABASE %I RENAME TO %I', live, old);
            EXECUTE pg_catalog.format('COMMENT ON DATABASE %I IS %L', old, ${text(old === undefined ? null : formatMarker(old.marker))});
            EXECUTE pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS true', old);
          END IF;
          EXECUTE pg_catalog.format('ALTER DATABASE %I RENAME TO %I', beside, live);
          EXECUTE pg_catalog.format('COMMENT ON DATABASE %I IS %L', live, ${text(marker.comment)});
          EXECUTE pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
          EXIT;
        EXCEPTION WHEN object_in_use THEN
          -- Somebody had begun to connect before connections were held off.
          GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
        END;
      END IF;
      IF pg_catalog.clock_timestamp() > deadline THEN
        RAISE object_in_use USING MESSAGE = pg_catalog.concat_ws(': ',
          coalesce(failure, 'its sessions do not end'), nullif(detail, ''));
      END IF;
      failure := NULL;
      PERFORM pg_catalog.pg_sleep(0.01);
    END LOOP;
  EXCEPTION WHEN OTHERS OR query_canceled THEN
    GET STACKED DIAGNOSTICS failure = MESSAGE_TEXT, code = RETURNED_SQLSTATE;
  END;
  IF code IS NOT NULL THEN
    IF old IS NOT NULL THEN
      EXECUTE pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS true', live);
    END IF;
    EXECUTE pg_catalog.format('ALTER DATABASE %I ALLOW_CONNECTIONS true', beside);
    EXECUTE pg_catalog.format('COMMENT ON DATABASE %I IS %L', beside, ${text(formatMarker(marker))});
  END IF;
  COMMIT;
  IF code IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = failure, ERRCODE = code;
  END IF;
END`;
  return `DO ${quoteLiteral(body)}`;
}
