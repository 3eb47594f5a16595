import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
import { connectPostgres } from '../../src/database/postgres-server.js';
import { readSchema } from '../../src/postgres/read-catalog.js';
import type { Schema } from '../../src/schema/object.js';
import { describeEachServer, servers, withDatabase } from '../support/postgres-server.js';
import { useScratch } from './scratch.js';

const SHOP = `
  CREATE SCHEMA app;
  CREATE TYPE app.mood AS ENUM ('sad', 'glad');
  CREATE FUNCTION app.stamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()';
  CREATE TABLE app.owner (id serial PRIMARY KEY, mood app.mood DEFAULT 'glad', moods app.mood[], email text UNIQUE);
  CREATE TABLE item (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner int REFERENCES app.owner ON DELETE CASCADE,
    made timestamptz DEFAULT app.stamp(),
    price numeric(9,2), tax numeric GENERATED ALWAYS AS (price * 0.2) STORED,
    CHECK (price > 0)
  );
  CREATE INDEX item_price ON item (price) WHERE tax > 1;
  CREATE VIEW item_prices AS SELECT id, price FROM item;
  CREATE VIEW grouped AS SELECT o.id, o.email FROM app.owner o GROUP BY o.id;
  CREATE TABLE holder (row item, list item[]);
  CREATE MATERIALIZED VIEW sums AS SELECT owner, sum(price) AS total FROM item GROUP BY owner;
  CREATE UNIQUE INDEX sums_owner ON sums (owner);
  CREATE SEQUENCE free`;

/** The same connection, with a count of what was sent. */
function countingRoundTrips(connection: Connection): { counted: Connection; roundTrips: () => number } {
  let sent = 0;
  const counted = new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (name === 'query' || name === 'executeAll') sent++;
        return Reflect.apply(value, target, given);
      };
    },
  });
  return { counted, roundTrips: () => sent };
}

describeEachServer(
  'reading a catalog',
  (server) => {
    const scratch = useScratch(server);
    const ids = (schema: Schema): string[] => [...schema.objects.keys()];

    it('has an object for every fact', async () => {
      const schema = await scratch.state(SHOP);
      expect(schema.unmanaged).toEqual([]);
      expect(ids(schema)).toEqual([
        'column:app.owner.email',
        'column:app.owner.id',
        'column:app.owner.mood',
        'column:app.owner.moods',
        'column:public.holder.list',
        'column:public.holder.row',
        'column:public.item.id',
        'column:public.item.made',
        'column:public.item.owner',
        'column:public.item.price',
        'column:public.item.tax',
        'constraint:app.owner.owner_email_key',
        'constraint:app.owner.owner_pkey',
        'constraint:public.item.item_owner_fkey',
        'constraint:public.item.item_pkey',
        'constraint:public.item.item_price_check',
        'default:app.owner.id',
        'default:app.owner.mood',
        'default:public.item.made',
        'enum:app.mood',
        'function:app.stamp()',
        'index:public.item_price',
        'index:public.sums_owner',
        'materialized-view:public.sums',
        'schema:app',
        'schema:public',
        'sequence:app.owner_id_seq',
        'sequence:public.free',
        'table:app.owner',
        'table:public.holder',
        'table:public.item',
        'view:public.grouped',
        'view:public.item_prices',
      ]);
    });

    it.each([
      ['table:public.item', ['schema:public']],
      ['column:app.owner.mood', ['enum:app.mood', 'table:app.owner']],
      ['column:app.owner.moods', ['enum:app.mood', 'table:app.owner']],
      ['column:public.holder.row', ['table:public.holder', 'table:public.item']],
      ['column:public.holder.list', ['table:public.holder', 'table:public.item']],
      ['column:public.item.tax', ['column:public.item.price', 'table:public.item']],
      ['default:app.owner.id', ['column:app.owner.id', 'sequence:app.owner_id_seq']],
      ['default:public.item.made', ['column:public.item.made', 'function:app.stamp()']],
      ['sequence:app.owner_id_seq', ['column:app.owner.id']],
      ['sequence:public.free', ['schema:public']],
      [
        'constraint:public.item.item_owner_fkey',
        [
          'column:app.owner.id',
          'column:public.item.owner',
          'constraint:app.owner.owner_pkey',
          'table:app.owner',
          'table:public.item',
        ],
      ],
      ['constraint:public.item.item_price_check', ['column:public.item.price', 'table:public.item']],
      [
        'index:public.item_price',
        ['column:public.item.price', 'column:public.item.tax', 'table:public.item'],
      ],
      ['index:public.sums_owner', ['materialized-view:public.sums']],
      ['view:public.item_prices', ['column:public.item.id', 'column:public.item.price', 'schema:public']],
      [
        'view:public.grouped',
        ['column:app.owner.email', 'column:app.owner.id', 'constraint:app.owner.owner_pkey', 'schema:public'],
      ],
    ])('%s depends on what the server says', async (id, needed) => {
      const schema = await scratch.state(SHOP);
      expect(schema.objects.get(id)?.dependsOn.filter((other) => other !== 'schema:app')).toEqual(needed);
    });

    it('leaves out what an extension brought, and depends on the extension instead', async () => {
      const schema = await scratch.state('CREATE EXTENSION citext; CREATE TABLE t (a citext, b citext[])');
      expect(ids(schema).filter((id) => !/^(column|schema|table):/.test(id))).toEqual(['extension:citext']);
      expect(schema.objects.get('column:public.t.a')?.dependsOn).toContain('extension:citext');
      expect(schema.objects.get('column:public.t.b')?.dependsOn).toContain('extension:citext');
      expect(schema.unmanaged).toEqual([]);
    });

    it('names what it does not manage and reads the rest', async () => {
      const schema = await scratch.state(`
        CREATE TYPE steps;
        CREATE FUNCTION steps_canonical(steps) RETURNS steps IMMUTABLE STRICT LANGUAGE internal AS 'int4range_canonical';
        CREATE TYPE steps AS RANGE (subtype = int4, canonical = steps_canonical);
        CREATE TABLE walks (done steps, a int DEFAULT 1)`);
      expect(schema.unmanaged).toEqual([{ kind: 'range type with a canonical function', name: 'steps' }]);
      expect(ids(schema)).toEqual([
        'column:public.walks.a',
        'column:public.walks.done',
        'default:public.walks.a',
        'function:public.steps_canonical(steps)',
        'schema:public',
        'table:public.walks',
      ]);
    });

    it('never shows its own bookkeeping, temporary tables or system schemas', async () => {
      const schema = await scratch.state(
        'CREATE SCHEMA tidemark; CREATE TABLE tidemark.history (id int PRIMARY KEY); CREATE TEMP TABLE gone (id serial)',
      );
      expect(ids(schema)).toEqual(['schema:public']);
    });

    it.each<[string, string[], string[]]>([
      ['a table with all that is below it', ['item'], ['table:app.owner', 'table:public.holder']],
      ['a table by its full name', ['app.owner'], ['table:public.holder', 'table:public.item']],
      ['all of a schema', ['app.*'], ['table:public.holder', 'table:public.item']],
      ['a schema with all that is in it', ['app'], ['table:public.holder', 'table:public.item']],
      ['everything of a kind', ['table:*'], []],
      ['by a star in the name', ['*o*er'], ['table:public.item']],
      [
        'nothing that is only a part of a name',
        ['ite', 'own', 'public.ite'],
        ['table:app.owner', 'table:public.holder', 'table:public.item'],
      ],
    ])('leaves out %s', async (_name, exclude, tables) => {
      await scratch.within(SHOP, async (connection) => {
        const schema = await readSchema(connection, { exclude });
        expect(ids(schema).filter((id) => id.startsWith('table:'))).toEqual(tables);
        for (const object of schema.objects.values()) {
          for (const needed of object.dependsOn) expect(schema.objects.has(needed), needed).toBe(true);
        }
      });
    });

    it('leaves out one column, or one kind of part', async () => {
      await scratch.within(SHOP, async (connection) => {
        const schema = await readSchema(connection, { exclude: ['item.tax', 'constraint:*_check'] });
        expect(schema.objects.has('column:public.item.tax')).toBe(false);
        expect(schema.objects.has('column:public.item.price')).toBe(true);
        expect(schema.objects.has('constraint:public.item.item_price_check')).toBe(false);
        expect(schema.objects.has('constraint:public.item.item_pkey')).toBe(true);
      });
    });

    it('reads the same whatever the session is set to, and leaves it set so', async () => {
      const sql = `CREATE SCHEMA app; CREATE TABLE app.t (a timestamptz DEFAULT '2020-01-02 03:04:05+00', b interval DEFAULT '1 day 2 hours', c date DEFAULT '2020-03-04', d float8 DEFAULT 0.1)`;
      const plain = await scratch.state(sql);
      await scratch.within(sql, async (connection) => {
        const settings = {
          search_path: 'app',
          DateStyle: 'German, DMY',
          IntervalStyle: 'iso_8601',
          TimeZone: 'Asia/Tokyo',
          extra_float_digits: '-3',
          quote_all_identifiers: 'on',
        };
        await connection.executeAll(
          Object.entries(settings).map(([name, value]) => `SELECT set_config('${name}', '${value}', true)`),
        );
        const odd = await readSchema(connection);
        expect(odd.objects).toEqual(plain.objects);
        for (const [name, value] of Object.entries(settings)) {
          const [row] = await connection.query<{ v: string }>(`SELECT current_setting('${name}') AS v`);
          expect(row?.v, name).toBe(value);
        }
      });
    });

    it.each([
      ['in a transaction of its own', false],
      ['inside an open one', true],
    ])(
      'asks as often for 200 tables as for 5, %s',
      async (_name, inside) => {
        const counts: number[] = [];
        for (const tables of [5, 200]) {
          const made = Array.from(
            { length: tables },
            (_, at) => `
            CREATE TABLE many_${at} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int REFERENCES many_${Math.max(at - 1, 0)}, t text DEFAULT 'x' CHECK (t <> ''));
            CREATE INDEX ON many_${at} (t); CREATE VIEW many_v${at} AS SELECT id FROM many_${at}; COMMENT ON TABLE many_${at} IS 'c'`,
          ).join(';');
          const dropped = Array.from({ length: tables }, (_, at) => `DROP TABLE many_${at} CASCADE`);
          await scratch.connection.executeAll(inside ? ['BEGIN', made] : [made]);
          try {
            const { counted, roundTrips } = countingRoundTrips(scratch.connection);
            const schema = await readSchema(counted);
            expect(ids(schema).filter((id) => id.startsWith('table:public.many_'))).toHaveLength(tables);
            counts.push(roundTrips());
          } finally {
            await scratch.connection.executeAll(inside ? ['ROLLBACK'] : dropped);
          }
        }
        expect(counts[1]).toBe(counts[0]);
        expect(counts[0]).toBeLessThanOrEqual(10);
      },
      60_000,
    );

    it('opens a transaction of its own where none is open, and closes it', async () => {
      await scratch.connection.executeAll(["SET search_path = 'nowhere'"]);
      await readSchema(scratch.connection);
      const [row] = await scratch.connection.query<{ v: string }>(
        `SELECT current_setting('search_path') AS v`,
      );
      expect(row?.v).toBe('nowhere');
      await scratch.connection.executeAll([
        'RESET search_path',
        'CREATE TABLE after_reading ()',
        'DROP TABLE after_reading',
      ]);
    });
  },
  { embedded: true },
);

describe('while others work', () => {
  it('reads one state or the other, never half of one', async () => {
    const server = servers().at(-1)!;
    await withDatabase(server, async (url) => {
      const connect = (): Promise<Connection> => connectPostgres(parseDatabaseUrl(url) as PostgresUrl);
      const [reader, writer] = [await connect(), await connect()];
      try {
        const make = `BEGIN; CREATE TABLE a (x int CHECK (x > 0), y text DEFAULT 'q'); CREATE INDEX i ON a ((x + 1)); CREATE VIEW v AS SELECT x FROM a; COMMIT`;
        let working = true;
        const work = (async () => {
          while (working) {
            await writer.executeAll(make.split('; '));
            await writer.executeAll(['DROP TABLE a CASCADE']);
          }
        })();
        const seen = new Set<number>();
        for (let round = 0; round < 60; round++) {
          // With no pause between the changes a read may give up, but not be wrong.
          const size = await readSchema(reader).then(
            (schema) => schema.objects.size,
            (error: { code?: string }) => {
              if (error.code !== 'schema-changing') throw error;
            },
          );
          if (size !== undefined) seen.add(size);
        }
        working = false;
        await work;
        seen.add((await readSchema(reader)).objects.size);
        for (const size of seen) expect([1, 8]).toContain(size);
      } finally {
        await reader.close();
        await writer.close();
      }
    });
  }, 60_000);
});
