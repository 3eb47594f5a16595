import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { planReset, resetDatabase } from '../../src/postgres/reset-database.js';
import { findPostgres } from '../support/postgres-binaries.js';
import { startPostgres } from '../support/postgres-process.js';
import { describeEachServer, freshDatabase } from '../support/postgres-server.js';

/** Everything of the user's that is left, by pg_identify_object, without looking at the reset's own lists. */
const leftovers = `
  SELECT format('%s %s', i.type, i.identity) AS object
  FROM (
    SELECT 'pg_class'::regclass AS c, oid FROM pg_class
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
    UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
  ) o, LATERAL pg_identify_object(o.c, o.oid, 0) i
  WHERE o.oid >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.c AND d.objid = o.oid AND d.deptype IN ('e', 'i'))
    AND coalesce(i.schema, '') NOT LIKE 'pg\\_toast%' AND i.identity NOT LIKE 'pg\\_temp%' AND i.identity NOT LIKE 'pg\\_toast%'
    AND NOT EXISTS (SELECT FROM pg_index x JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = x.indrelid AND d.deptype = 'e'
                    WHERE x.indexrelid = o.oid)
  ORDER BY 1`;

const everyKind = `
  CREATE TABLE "we;ird ""table""" (id int GENERATED ALWAYS AS IDENTITY, "SELECT" text DEFAULT 'x');
  CREATE TABLE "drop table users; --" ();
  CREATE TABLE "täble 日本" (id serial PRIMARY KEY);
  CREATE TABLE parent (id int) PARTITION BY RANGE (id);
  CREATE TABLE child PARTITION OF parent FOR VALUES FROM (0) TO (10);
  CREATE VIEW v AS SELECT * FROM parent;
  CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
  CREATE SEQUENCE s;
  CREATE TYPE e AS ENUM ('a');
  CREATE TYPE "Comp" AS (a int, b e);
  CREATE TYPE r AS RANGE (subtype = float8);
  CREATE DOMAIN d AS int CHECK (value > 0);
  CREATE FUNCTION f(a "Comp", VARIADIC b int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';
  CREATE PROCEDURE p(INOUT x int) LANGUAGE plpgsql AS 'BEGIN END';
  CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int, initcond = '0');
  CREATE AGGREGATE agg_star(*) (sfunc = int8inc, stype = int8, initcond = '0');
  CREATE FUNCTION near(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1 - $2) < 2';
  CREATE OPERATOR ~~~ (leftarg = int, rightarg = int, function = near);
  CREATE FUNCTION neg(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT -$1';
  CREATE OPERATOR !!! (rightarg = int, function = neg);
  CREATE OPERATOR FAMILY fam USING btree;
  CREATE OPERATOR CLASS oc FOR TYPE int USING hash FAMILY fam_h AS OPERATOR 1 = ;
  CREATE COLLATION coll FROM "C";
  CREATE TEXT SEARCH DICTIONARY dict (template = simple);
  CREATE TEXT SEARCH CONFIGURATION conf (copy = simple);
  CREATE STATISTICS st ON id, "SELECT" FROM "we;ird ""table""";
  CREATE FUNCTION to_e(text) RETURNS e LANGUAGE sql AS 'SELECT NULL::e';
  CREATE CAST (text AS e) WITH FUNCTION to_e(text);
  CREATE SCHEMA "Ünïcode; DROP SCHEMA public CASCADE; --";
  CREATE TABLE "Ünïcode; DROP SCHEMA public CASCADE; --".t (c d);
  CREATE SCHEMA tidemark;
  CREATE TABLE tidemark.revisions ();
  CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
  CREATE EVENT TRIGGER "ev;t" ON ddl_command_end EXECUTE FUNCTION ev();
  CREATE PUBLICATION "pu;b" FOR TABLE "we;ird ""table""";
  CREATE FOREIGN DATA WRAPPER "f;dw";
  CREATE SERVER "se;rver" FOREIGN DATA WRAPPER "f;dw";
  CREATE FOREIGN TABLE ft (a int) SERVER "se;rver";
  SELECT lo_create(0)`;

describeEachServer(
  'resetDatabase',
  (server) => {
    let database: Awaited<ReturnType<typeof freshDatabase>>;
    let connection: Connection;
    beforeEach(async () => {
      database = await freshDatabase(server);
      connection = await openDatabase(parseDatabaseUrl(database.url));
    });
    afterEach(async () => {
      await connection?.close();
      await database?.drop();
    });
    const run = (...statements: string[]) => connection.executeAll(statements);
    const objects = async () =>
      (await connection.query<{ object: string }>(leftovers)).map(({ object }) => object);
    const publicState = () =>
      connection.query(`SELECT nspname, pg_get_userbyid(nspowner)::text AS owner, obj_description(oid, 'pg_namespace') AS comment,
        (SELECT json_agg(format('%s %s %s', a.grantee, a.privilege_type, a.is_grantable) ORDER BY a.grantee, a.privilege_type)
         FROM aclexplode(nspacl) a) AS acl
        FROM pg_namespace WHERE nspname = 'public'`);

    it('drops every kind of object, whatever its name', async () => {
      const before = await objects();
      await run('CREATE OPERATOR FAMILY fam_h USING hash', ...everyKind.split(/;\n/));
      const planned = await planReset(connection);
      const { drops } = await resetDatabase(connection);
      expect(await objects()).toEqual(before);
      expect(drops).toEqual(planned.drops);
      expect(drops.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
        expect.arrayContaining([
          'table public."we;ird ""table"""',
          'table public."drop table users; --"',
          'view public.v',
          'materialized view public.m',
          'sequence public.s',
          'function public.f(public."Comp",integer[])',
          'schema "Ünïcode; DROP SCHEMA public CASCADE; --"',
          'schema tidemark',
          'event trigger "ev;t"',
          'publication "pu;b"',
        ]),
      );
      // Parts are dropped with the whole and are not listed for themselves.
      expect(drops.map(({ name }) => name)).not.toContain('public.child');
      expect(await connection.query('SELECT count(*)::int AS n FROM pg_largeobject_metadata')).toEqual([
        { n: 0 },
      ]);
      expect((await planReset(connection)).drops).toEqual([]);
    });

    it('keeps extensions and what belongs to them, wherever they live', async () => {
      await run(
        'CREATE SCHEMA extensions',
        'CREATE EXTENSION citext SCHEMA extensions',
        'CREATE EXTENSION pg_trgm',
        'CREATE TABLE extensions.mine (a extensions.citext)',
        'CREATE INDEX ON extensions.mine USING gin ((a::text) gin_trgm_ops)',
        "CREATE FUNCTION similar_to_me(text) RETURNS real LANGUAGE sql AS $$ SELECT similarity($1, 'me') $$",
      );
      const plan = await resetDatabase(connection);
      expect(plan.extensions).toEqual(['citext', 'pg_trgm', 'plpgsql']);
      expect(
        await connection.query(
          `SELECT 'A'::extensions.citext OPERATOR(extensions.=) 'a'::extensions.citext AS same, similarity('a', 'a') AS like`,
        ),
      ).toEqual([{ same: true, like: 1 }]);
      expect(
        await connection.query(
          `SELECT to_regclass('extensions.mine') IS NULL AS gone, to_regproc('similar_to_me') IS NULL AS too`,
        ),
      ).toEqual([{ gone: true, too: true }]);
      expect(plan.drops.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
        'table extensions.mine',
        'function public.similar_to_me(pg_catalog.text)',
      ]);
    });

    it('gives public its first state back', async () => {
      const fresh = await publicState();
      await run(
        'REVOKE ALL ON SCHEMA public FROM PUBLIC',
        'GRANT CREATE, USAGE ON SCHEMA public TO pg_monitor WITH GRANT OPTION',
        `COMMENT ON SCHEMA public IS 'mine'`,
      );
      await resetDatabase(connection);
      expect(await publicState()).toEqual(fresh);
    });

    it('makes a missing public again', async () => {
      await run('DROP SCHEMA public', 'CREATE SCHEMA other');
      await resetDatabase(connection);
      expect(await publicState()).toMatchObject([{ nspname: 'public', comment: 'standard public schema' }]);
      expect(await objects()).toEqual(['schema public']);
    });

    // The embedded engine has one session: nobody else can hold a lock.
    if (!server.embedded) {
      it('is all or nothing', async () => {
        await run('CREATE TABLE a ()', 'CREATE TABLE b ()');
        const other = await openDatabase(parseDatabaseUrl(database.url));
        try {
          await other.executeAll(['BEGIN', 'LOCK TABLE b IN ACCESS SHARE MODE']);
          await expect(resetDatabase(connection, { lockTimeout: 100 })).rejects.toMatchObject({
            sqlstate: '55P03',
          });
        } finally {
          await other.close();
        }
        expect((await planReset(connection)).drops.map(({ name }) => name)).toEqual(['public.a', 'public.b']);
      });
    }
  },
  { embedded: true },
);

describe('resetDatabase', () => {
  it('goes on object by object when the server has no room for all locks', async () => {
    const [binaries] = findPostgres();
    if (binaries === undefined) throw new Error('no real PostgreSQL here: run npm ci, or set PG_BIN');
    const server = await startPostgres(binaries, { max_locks_per_transaction: '10', max_connections: '10' });
    try {
      const connection = await openDatabase(parseDatabaseUrl(server.url));
      const tables = Array.from({ length: 1000 }, (_, i) => `CREATE TABLE t${i} ()`);
      for (const table of tables) await connection.executeAll([table]);
      // Proof that one transaction cannot do it here.
      await connection.executeAll(['BEGIN']);
      const all = tables.map((_, i) => `DROP TABLE t${i}`);
      await expect(connection.executeAll(all)).rejects.toMatchObject({ sqlstate: '53200' });
      await connection.executeAll(['ROLLBACK']);

      expect((await resetDatabase(connection)).drops).toHaveLength(1000);
      expect((await planReset(connection)).drops).toEqual([]);
      await connection.close();
    } finally {
      await server.stop();
    }
  });
});
