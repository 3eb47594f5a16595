import type { PGlite } from '@electric-sql/pglite';
import type { EmbeddedConnection } from '../../database/embedded-connection.js';
import { TidemarkError } from '../../errors.js';
import { aborted } from '../../migrations/abort.js';

/** What pg_dump ends with when it came to its end. */
const LAST_LINE = '-- PostgreSQL database dump complete';

export interface SqlDump {
  readonly sql: string;
  /** `pg_dump 18.3` */
  readonly writer: string;
}

/**
 * The database as portable SQL: pg_dump itself, as WebAssembly, talking to the engine in this process, which stands
 * still meanwhile. Rows come as INSERT statements, so any program that speaks to PostgreSQL can run the text. Throws
 * TidemarkError (`dump-failed`, `aborted`).
 *
 * @param args of pg_dump, to dump a part of it
 */
export async function dumpSql(
  connection: EmbeddedConnection,
  signal: AbortSignal | undefined,
  args: readonly string[] = [],
): Promise<SqlDump> {
  // Loaded only now: it brings pg_dump along.
  const { pgDump } = await import('@electric-sql/pglite-tools/pg_dump');
  let sql: string;
  try {
    await connection.executeAll(['SET standard_conforming_strings = on']);
    sql = await connection.withEngine(async (pg) =>
      shown(await (await pgDump({ pg: hiding(pg), args: [...args] })).text()),
    );
  } catch (cause) {
    throw new TidemarkError('dump-failed', `pg_dump failed: ${(cause as Error).message}`, {
      hints: ['Nothing was kept. This should not happen: please report it with the message.'],
      cause,
    });
  }
  if (signal?.aborted) throw aborted(signal);
  if (!isWholeDump(sql)) {
    throw new TidemarkError('dump-failed', 'pg_dump ended before its end', {
      hints: ['Nothing was kept. This should not happen: please report it.'],
    });
  }
  const version =
    /^-- Dumped by pg_dump version (\S+)/m.exec(sql.slice(0, 1000))?.[1] ?? 'of an unknown version';
  return { sql, writer: `pg_dump ${version}` };
}

/** Stands for a backslash on its way through pg_dump; no text has a reason to hold it before these words. */
const HIDDEN = '\u0002';
const HIDDEN_WORD = new RegExp(`${HIDDEN}((?:un)?restrict)`, 'gi');

/**
 * An engine that gives pg_dump every `\restrict` with another first byte. The package removes all lines of the dump
 * that begin so, because pg_dump writes two of them, and with them lines of the data.
 */
function hiding(pglite: PGlite): PGlite {
  const execProtocolRawStream: PGlite['execProtocolRawStream'] = (message, options) => {
    const chunks: Buffer[] = [];
    // It answers before it returns: pg_dump, which is not asynchronous, reads right after it has written.
    const done = pglite.execProtocolRawStream(message, {
      ...options,
      onRawData: (data) => chunks.push(Buffer.from(data)),
    });
    const answer = Buffer.concat(chunks);
    options?.onRawData?.(hidden(answer));
    return done;
  };
  return new Proxy(pglite, {
    get(target, name) {
      if (name === 'execProtocolRawStream') return execProtocolRawStream;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function hidden(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (!/restrict/i.test(text)) return bytes;
  if (text.search(HIDDEN_WORD) !== -1) throw new Error('the data hold a control character before "restrict"');
  return Buffer.from(text.replace(/\\((?:un)?restrict)/gi, `${HIDDEN}$1`), 'latin1');
}

function shown(sql: string): string {
  return sql.replace(HIDDEN_WORD, '\\$1');
}

/** Whether a text is a dump from its first line to its last. */
export function isWholeDump(sql: string): boolean {
  return sql.startsWith('--') && sql.slice(-200).includes(LAST_LINE);
}
