import { describe, expect, test } from 'vitest';
import { typeChangeCost } from '../../../src/postgres/online/type-cost.js';
import { readSchema } from '../../../src/postgres/read-catalog.js';
import { embedded } from '../../support/postgres-server.js';
import { useScratch } from '../scratch.js';

/** Pairs of types; the engine itself says what changing one into the other does. */
const PAIRS = [
  'varchar(5) > varchar(9)',
  'varchar(5) > varchar',
  'varchar(5) > text',
  'varchar > text',
  'text > varchar',
  'varchar(9) > varchar(5)',
  'text > varchar(5)',
  'char(5) > char(9)',
  'char(5) > text',
  'numeric(5,2) > numeric(9,2)',
  'numeric(5,2) > numeric',
  'numeric > numeric(9,2)',
  'numeric(5,2) > numeric(9,3)',
  'timestamp(3) > timestamp(6)',
  'timestamp(3) > timestamp',
  'timestamp > timestamp(3)',
  'timestamptz(3) > timestamptz',
  'time(3) > time',
  'interval(3) > interval',
  'varbit(5) > varbit(9)',
  'varbit(5) > varbit',
  'varbit > varbit(5)',
  'bit(5) > varbit',
  'cidr > inet',
  'inet > cidr',
  'oid > integer',
  'oid > regclass',
  'smallint > integer',
  'integer > bigint',
  'integer > numeric',
  'real > double precision',
  'date > timestamp',
  'json > jsonb',
  'json > text',
  'uuid > text',
  'varchar(5)[] > varchar[]',
  'varchar(5)[] > varchar(9)[]',
  'varchar[] > text[]',
  'integer[] > bigint[]',
  'free > text',
  'text > free',
  'text > checked',
  'checked > text',
  'checked > free',
  'strict > varchar(9)',
  'strict > varchar',
  'strict > varchar(5)',
  'varchar(5) > strict',
];

describe('what a change of type costs', () => {
  const scratch = useScratch(embedded());

  test.each(PAIRS)('%s', async (pair) => {
    const [old, wanted] = pair.split(' > ') as [string, string];
    const domains =
      "CREATE DOMAIN free AS text; CREATE DOMAIN checked AS text CHECK (VALUE <> ''); CREATE DOMAIN strict AS varchar(5) NOT NULL;";
    await scratch.within(`${domains} CREATE TABLE t (c ${old});`, async (connection) => {
      const file = async () =>
        (await connection.query<{ file: string }>(`SELECT pg_relation_filenode('t') AS file`))[0]!.file;
      const [from, before] = [await readSchema(connection), await file()];
      await connection.executeAll([`ALTER TABLE t ALTER c TYPE ${wanted} USING c::${wanted}`]);
      const [to, after] = [await readSchema(connection), await file()];
      const column = 'column:public.t.c';
      const cost = typeChangeCost(from.objects.get(column)!, to.objects.get(column)!, { from, to });
      expect(cost === 'rewrite').toBe(before !== after);
    });
  });
});
