import { literal } from '../../migrations/postgres-literal.js';
import type { ReadOptions } from '../imported-project.js';
import type { MadeSoFar } from '../made-so-far.js';
import { NeedsDatabase, unread } from '../rendered-program.js';

/** What knex makes of a call, before its driver gets it. */
interface KnexQuery {
  readonly sql: string;
  readonly bindings?: readonly unknown[];
  /** `select`, `insert`, `raw`, ...; none for the schema builder. */
  readonly method?: string;
  readonly returning?: unknown;
  /** What makes an answer of the rows: `hasTable`, `hasColumn` and `columnInfo` have it. */
  readonly output?: unknown;
  readonly response?: unknown;
}

/** The parts of a knex client that stand between knex and a driver. */
interface KnexClient {
  query(connection: unknown, query: KnexQuery | string): Promise<unknown>;
}

/** The parts of knex that a migration run needs. */
export interface Knex {
  readonly client: KnexClient & { readonly constructor: new (config: object) => KnexClient };
  transaction<T>(work: (transaction: Knex) => Promise<T>): Promise<T>;
}

/** The module `knex`. */
export type MakeKnex = (config: object) => Knex;

/** A knex that keeps every statement instead of sending it, and refuses to answer. */
export interface Capture {
  readonly knex: Knex;
  /** Runs something with it. Throws what stood in the way first. */
  statementsOf(work: (knex: Knex) => Promise<unknown>): Promise<Captured>;
}

interface Captured {
  readonly statements: readonly string[];
  /** It asked what the database holds, and was answered. */
  readonly asked: boolean;
}

const READS = new Set(['select', 'first', 'pluck']);

/**
 * Makes a knex without a connection: what would go to a driver is written out with its values and kept. A question
 * to the database (a select, the rows an insert returns) throws NeedsDatabase, also when the migration catches that.
 *
 * @param made answers whether tables and columns are there; undefined: that is refused too
 */
export function captureKnex(
  makeKnex: MakeKnex,
  client: unknown,
  config: Readonly<Record<string, unknown>>,
  engine: ReadOptions['engine'],
  made: MadeSoFar | undefined,
): Capture {
  let statements: string[] = [];
  let asked = false;
  let refused: unknown;
  const refuse = (what: string): never => {
    const error = new NeedsDatabase(what);
    refused ??= error;
    throw error;
  };
  const Base = makeKnex({ client }).client.constructor;

  class CapturingClient extends Base {
    async acquireConnection(): Promise<object> {
      return { __knexUid: 'captured' };
    }

    async releaseConnection(): Promise<void> {}

    override async query(_connection: unknown, given: KnexQuery | string): Promise<unknown> {
      const query = typeof given === 'string' ? { sql: given } : given;
      if (READS.has(query.method ?? '')) refuse(`it reads the database (${shortened(query.sql)})`);
      const sql = withValues(query.sql, query.bindings ?? [], engine);
      if (query.output === undefined) {
        statements.push(sql);
        made?.add(sql);
        return query;
      }
      if (made === undefined) return refuse(`it asks what the database holds (${shortened(query.sql)})`);
      asked = true;
      const rows = await made.rows(sql).catch((error: unknown) => refuse(messageOf(error)));
      return { ...query, response: { rows } };
    }

    processResponse(query: KnexQuery, runner: unknown): unknown {
      if (typeof query.output === 'function') return query.output.call(runner, query.response);
      if (query.method === undefined) return undefined;
      return unread(() => refuse(`it uses what a statement gives back (${shortened(query.sql)})`));
    }

    postProcessResponse(response: unknown): unknown {
      return response;
    }

    _stream(): never {
      return refuse('it reads the database as a stream');
    }
  }

  const { connection, connectionPool, pool, ...kept } = config;
  const knex = makeKnex({ ...kept, client: CapturingClient, asyncStackTraces: true });
  return {
    knex,
    async statementsOf(work) {
      statements = [];
      asked = false;
      refused = undefined;
      try {
        await work(knex);
        // What was begun and not waited for.
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      } catch (error) {
        throw refused ?? error;
      }
      if (refused !== undefined) throw refused;
      return { statements, asked };
    },
  };
}

/** A statement with its values in it, as the driver would have sent them. */
function withValues(sql: string, values: readonly unknown[], engine: ReadOptions['engine']): string {
  let index = 0;
  return sql.replace(/(\\*)(\?)/g, (found, escapes: string) => {
    if (escapes.length % 2 === 1) return `${escapes.slice(1)}?`;
    if (index >= values.length) return found;
    const value = values[index++];
    return escapes + (engine === 'postgres' ? postgresValue(value) : sqliteValue(value));
  });
}

/**
 * As `pg` sends a parameter: a text whose type the place decides. A number written bare would be an integer, which
 * a column of jsonb does not take.
 */
function postgresValue(value: unknown): string {
  return literal(postgresText(value));
}

function postgresText(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (ArrayBuffer.isView(value)) return `\\x${bytes(value).toString('hex')}`;
  if (value instanceof Date) return localTime(value);
  if (Array.isArray(value)) return `{${value.map(arrayElement).join(',')}}`;
  if (typeof value !== 'object') return String(value);
  if ('toPostgres' in value && typeof value.toPostgres === 'function') {
    return postgresText(value.toPostgres(postgresText));
  }
  return JSON.stringify(value);
}

function arrayElement(value: unknown): string {
  if (Array.isArray(value)) return postgresText(value) ?? 'NULL';
  const text = postgresText(value);
  return text === undefined ? 'NULL' : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** A time with the zone of this process, as `pg` writes it: a column without zones takes the local time. */
function localTime(at: Date): string {
  const offset = -at.getTimezoneOffset();
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, -1);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const zone = [hours, minutes].map((part) => String(part).padStart(2, '0')).join(':');
  return `${local}${offset < 0 ? '-' : '+'}${zone}`;
}

function sqliteValue(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return String(value.getTime());
  if (ArrayBuffer.isView(value)) return `X'${bytes(value).toString('hex')}'`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `'${text.replaceAll("'", "''")}'`;
}

function bytes(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shortened(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > 70 ? `${line.slice(0, 69)}…` : line;
}
