import { describe, expect, test } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { type Plan, planHazards, segmentsOf } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';
import { embedded } from '../../support/postgres-server.js';
import { useScratch } from '../scratch.js';

describe('plans for tables in use', () => {
  const scratch = useScratch(embedded());
  const BASE = 'CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int, a text, b int);';

  async function online(before: string, after: string): Promise<Plan> {
    const [from, to] = [await scratch.state(before), await scratch.state(after)];
    return planChanges(from, to, postgresDialect, { online: true });
  }

  /** The statements, a list for each segment. */
  async function sql(before: string, after: string): Promise<string[][]> {
    const plan = await online(before, after);
    return segmentsOf(plan).map(({ steps }) => steps.flatMap((step) => step.sql));
  }

  test('an index is built and dropped concurrently', async () => {
    const indexed = `${BASE} CREATE UNIQUE INDEX i ON t USING btree (lower(a)) WITH (fillfactor = 70) WHERE b > 0;`;
    expect(await sql(BASE, indexed)).toEqual([
      ['CREATE UNIQUE INDEX CONCURRENTLY i ON t (lower(a)) WITH (fillfactor = 70) WHERE (b > 0)'],
    ]);
    expect(await sql(indexed, BASE)).toEqual([['DROP INDEX CONCURRENTLY i']]);
  });

  test('nothing is special about a table that the same plan makes', async () => {
    const after = `${BASE} CREATE TABLE n (id int PRIMARY KEY, o int NOT NULL REFERENCES o CHECK (o > 0), UNIQUE (o)); CREATE INDEX n_o ON n (o);`;
    const plan = await online(BASE, after);
    expect(plan.transactional).toBe(true);
    expect(plan).toEqual(planChanges(await scratch.state(BASE), await scratch.state(after), postgresDialect));
  });

  test('a changed index is built beside the old one, which serves until then', async () => {
    const after = `${BASE} CREATE INDEX i ON t (b); COMMENT ON INDEX i IS 'x';`;
    expect(await sql(`${BASE} CREATE INDEX i ON t (a);`, after)).toEqual([
      [
        'CREATE INDEX CONCURRENTLY i__new ON t (b)',
        'BEGIN',
        'ALTER INDEX i RENAME TO i__old',
        'ALTER INDEX i__new RENAME TO i',
        'COMMIT',
        'DROP INDEX CONCURRENTLY i__old',
        "COMMENT ON INDEX i IS 'x'",
      ],
    ]);
  });

  test('temporary names stand beside every name that is there, and within 63 bytes', async () => {
    const long = 'ä'.repeat(30);
    const before = `${BASE} CREATE INDEX "${long}" ON t (a); CREATE INDEX i ON t (a); CREATE INDEX i__new ON t (id);`;
    const after = `${BASE} CREATE INDEX "${long}" ON t (b); CREATE INDEX i ON t (b); CREATE INDEX i__new ON t (id);`;
    const statements = (await sql(before, after)).flat().join('\n');
    expect(statements).toContain('CREATE INDEX CONCURRENTLY i__new1 ON t (b)');
    expect(statements).toContain(`CREATE INDEX CONCURRENTLY "${'ä'.repeat(29)}__new" ON t (b)`);
  });

  test('an invalid index serves nobody: it is dropped, then built', async () => {
    const built = await scratch.state(`${BASE} CREATE INDEX i ON t (a);`);
    const broken = structuredClone(built);
    const index = broken.objects.get('index:public.i')!;
    Object.assign(index.props, { valid: false });
    const plan = planChanges(broken, built, postgresDialect, { online: true });
    expect(plan.steps.flatMap((step) => step.sql)).toEqual([
      'DROP INDEX CONCURRENTLY i',
      'CREATE INDEX CONCURRENTLY i ON t (a)',
    ]);
  });

  test('an index on a column that is dropped, or that changes its type, waits for that', async () => {
    const before = `${BASE} CREATE INDEX i ON t (a); CREATE INDEX j ON t (lower(a));`;
    const after = `CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int, a varchar(9), b int); CREATE INDEX i ON t (b); CREATE INDEX j ON t (upper(a));`;
    const statements = (await sql(before, after)).flat();
    const at = (part: string) => statements.findIndex((statement) => statement.includes(part));
    expect(at('DROP INDEX CONCURRENTLY j')).toBeLessThan(at('TYPE character varying(9)'));
    expect(at('TYPE character varying(9)')).toBeLessThan(at('CREATE INDEX CONCURRENTLY j'));
  });

  test('a unique constraint and a primary key take over an index, after NOT NULL', async () => {
    const after = `CREATE TABLE o (id int PRIMARY KEY);
      CREATE TABLE t (id int PRIMARY KEY, a text, b int,
        CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) WITH (fillfactor = 80) DEFERRABLE INITIALLY DEFERRED);`;
    const statements = await sql(BASE, after);
    expect(statements).toHaveLength(1);
    expect(statements[0]).toEqual([
      'ALTER TABLE t ADD CONSTRAINT id_not_null CHECK (id IS NOT NULL) NOT VALID',
      'ALTER TABLE t VALIDATE CONSTRAINT id_not_null',
      'ALTER TABLE t ALTER COLUMN id SET NOT NULL',
      'ALTER TABLE t DROP CONSTRAINT id_not_null',
      'CREATE UNIQUE INDEX CONCURRENTLY t_pkey ON t (id)',
      'ALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey',
      'CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) INCLUDE (b) NULLS NOT DISTINCT WITH (fillfactor = 80)',
      'ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u DEFERRABLE INITIALLY DEFERRED',
    ]);
    expect((await sql(after, BASE)).flat()).toContain('ALTER TABLE t DROP CONSTRAINT t_pkey');
  });

  test('a changed unique constraint changes in one moment', async () => {
    const of = (columns: string) => `${BASE} ALTER TABLE t ADD CONSTRAINT u UNIQUE (${columns});`;
    expect(await sql(of('a'), of('a, b'))).toEqual([
      [
        'CREATE UNIQUE INDEX CONCURRENTLY u__new ON t (a, b)',
        'BEGIN',
        'ALTER TABLE t DROP CONSTRAINT u',
        'ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u__new',
        'COMMIT',
      ],
    ]);
  });

  test('a check and a foreign key are added NOT VALID and validated in another transaction', async () => {
    const after = `${BASE} ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0), ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o ON DELETE CASCADE;`;
    expect(await sql(BASE, after)).toEqual([
      [
        'ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0) NOT VALID',
        'ALTER TABLE t VALIDATE CONSTRAINT c',
        'ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) ON DELETE CASCADE NOT VALID',
        'ALTER TABLE t VALIDATE CONSTRAINT f',
      ],
    ]);
    expect(await sql(after, BASE)).toEqual([
      ['ALTER TABLE t DROP CONSTRAINT c', 'ALTER TABLE t DROP CONSTRAINT f'],
    ]);
  });

  const PARTITIONED = `CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE p (id int NOT NULL, b int) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (9) TO (99) PARTITION BY LIST (id); CREATE TABLE p2a PARTITION OF p2 DEFAULT;`;

  test('a partitioned table gets a foreign key from its partitions', async () => {
    const after = `${PARTITIONED} ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o ON DELETE CASCADE;`;
    expect(await sql(PARTITIONED, after)).toEqual([
      [
        'ALTER TABLE p1 ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) ON DELETE CASCADE NOT VALID',
        'ALTER TABLE p1 VALIDATE CONSTRAINT f',
        'ALTER TABLE p2a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) ON DELETE CASCADE NOT VALID',
        'ALTER TABLE p2a VALIDATE CONSTRAINT f',
        'ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) ON DELETE CASCADE',
      ],
    ]);
    // What an interrupted run left behind is not added again.
    const left = `${PARTITIONED} ALTER TABLE p1 ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o ON DELETE CASCADE;
      ALTER TABLE p2a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o ON DELETE CASCADE NOT VALID;`;
    expect(await sql(left, after)).toEqual([
      [
        'ALTER TABLE p2a VALIDATE CONSTRAINT f',
        'ALTER TABLE p ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) ON DELETE CASCADE',
      ],
    ]);
  });

  test('a partitioned table gets a key whose indexes are built one by one', async () => {
    const after = `${PARTITIONED} ALTER TABLE p ADD PRIMARY KEY (id);`;
    const whole = [
      'ALTER TABLE ONLY p ADD CONSTRAINT p_pkey PRIMARY KEY (id)',
      'CREATE UNIQUE INDEX CONCURRENTLY p1_pkey ON p1 (id)',
      'ALTER TABLE p1 ADD CONSTRAINT p1_pkey PRIMARY KEY USING INDEX p1_pkey',
      'ALTER INDEX p_pkey ATTACH PARTITION p1_pkey',
      'ALTER TABLE ONLY p2 ADD CONSTRAINT p2_pkey PRIMARY KEY (id)',
      'CREATE UNIQUE INDEX CONCURRENTLY p2a_pkey ON p2a (id)',
      'ALTER TABLE p2a ADD CONSTRAINT p2a_pkey PRIMARY KEY USING INDEX p2a_pkey',
      'ALTER INDEX p2_pkey ATTACH PARTITION p2a_pkey',
      'ALTER INDEX p_pkey ATTACH PARTITION p2_pkey',
    ];
    expect(await sql(PARTITIONED, after)).toEqual([whole]);
    const left = (done: number) =>
      PARTITIONED + whole.slice(0, done).join(';').replaceAll('CONCURRENTLY', '');
    expect(await sql(left(4), after)).toEqual([whole.slice(4)]);
    // It becomes valid with the last part, wherever that is.
    expect(await sql(left(6), after)).toEqual([
      [whole[8]],
      ['DROP INDEX CONCURRENTLY p2a_pkey', ...whole.slice(5, 8)],
    ]);
  });

  const RANGES = `CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE p (id int NOT NULL, b int) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE TABLE n (id int NOT NULL, b int);`;
  const ATTACH = 'ALTER TABLE p ATTACH PARTITION n FOR VALUES FROM (9) TO (99)';

  test('a table is ready to be a partition before it is attached, and detached concurrently', async () => {
    const above = `${RANGES} CREATE INDEX p_b ON p (b); ALTER TABLE p ADD PRIMARY KEY (id), ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o;`;
    expect(await sql(above, `${above} ${ATTACH};`)).toEqual([
      [
        'ALTER TABLE n ADD CONSTRAINT n__bound CHECK ((id IS NOT NULL) AND (id >= 9) AND (id < 99)) NOT VALID',
        'ALTER TABLE n VALIDATE CONSTRAINT n__bound',
        'ALTER TABLE n ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o (id) NOT VALID',
        'ALTER TABLE n VALIDATE CONSTRAINT f',
        'CREATE UNIQUE INDEX CONCURRENTLY n_pkey ON n (id)',
        'ALTER TABLE n ADD CONSTRAINT n_pkey PRIMARY KEY USING INDEX n_pkey',
        'CREATE INDEX CONCURRENTLY n_b_idx ON n (b)',
        ATTACH,
        'ALTER TABLE n DROP CONSTRAINT n__bound',
      ],
    ]);
    expect(await sql(`${RANGES} ${ATTACH};`, RANGES)).toEqual([
      [
        'ALTER TABLE n ADD CONSTRAINT n__bound CHECK ((id IS NOT NULL) AND (id >= 9) AND (id < 99)) NOT VALID',
        'ALTER TABLE n VALIDATE CONSTRAINT n__bound',
        'ALTER TABLE p DETACH PARTITION n CONCURRENTLY',
        'ALTER TABLE n DROP CONSTRAINT n__bound',
      ],
    ]);
  });

  test('the default partition is known to have no rows of a new one', async () => {
    const base = `${RANGES} CREATE TABLE rest PARTITION OF p DEFAULT;`;
    const helper = [
      'ALTER TABLE rest ADD CONSTRAINT p2__bound CHECK (NOT ((id IS NOT NULL) AND (id >= 9) AND (id < 99))) NOT VALID',
      'ALTER TABLE rest VALIDATE CONSTRAINT p2__bound',
    ];
    const create = 'CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (9) TO (99)';
    expect(await sql(base, `${base} ${create};`)).toEqual([
      [...helper, create, 'ALTER TABLE rest DROP CONSTRAINT p2__bound'],
    ]);
    // Nothing is detached concurrently beside one.
    expect(await sql(`${base} ${ATTACH};`, base)).toEqual([['ALTER TABLE p DETACH PARTITION n']]);
    const attached = (await sql(base, `${base} ${ATTACH};`)).flat();
    expect(attached.filter((statement) => statement.includes(' rest '))).toHaveLength(3);
  });

  test('a table that attaching has to look through says so', async () => {
    const hash = 'CREATE TABLE p (id int) PARTITION BY HASH (id); CREATE TABLE n (id int);';
    const attach = 'ALTER TABLE p ATTACH PARTITION n FOR VALUES WITH (modulus 1, remainder 0)';
    const plan = await online(hash, `${hash} ${attach};`);
    expect(planHazards(plan).map(({ code }) => code)).toContain('scan-table');
    expect(plan.steps.flatMap((step) => step.sql)).toEqual([attach]);
    expect(await sql(`${hash} ${attach};`, hash)).toEqual([['ALTER TABLE p DETACH PARTITION n']]);
  });

  test('a check of a domain is validated apart', async () => {
    const domain = 'CREATE DOMAIN d AS int; CREATE TABLE t (a d);';
    const after = `${domain} ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0);`;
    const validate = 'ALTER DOMAIN d VALIDATE CONSTRAINT c';
    expect(await sql(domain, after)).toEqual([
      ['ALTER DOMAIN d ADD CONSTRAINT c CHECK ((VALUE > 0)) NOT VALID', validate],
    ]);
    const left = `${domain} ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID;`;
    expect(await sql(left, `${after} CREATE TABLE z ();`)).toEqual([['CREATE TABLE z ()'], [validate]]);
  });

  test('one that is to stay NOT VALID, or not enforced, has no rows to look at', async () => {
    const after = `${BASE} ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0) NOT VALID, ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o NOT ENFORCED;`;
    expect((await online(BASE, after)).transactional).toBe(true);
  });

  test('a NOT VALID constraint is validated by itself', async () => {
    const of = (words: string) => `${BASE} ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0) ${words};`;
    expect(await sql(of('NOT VALID'), `${of('')} CREATE TABLE n ();`)).toEqual([
      ['CREATE TABLE n ()'],
      ['ALTER TABLE t VALIDATE CONSTRAINT c'],
    ]);
  });

  test('a foreign key with another action is added beside the old one', async () => {
    const of = (action: string) =>
      `${BASE} ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES o ${action}; COMMENT ON CONSTRAINT f ON t IS 'x';`;
    expect(await sql(of(''), of('ON DELETE SET NULL'))).toEqual([
      [
        'ALTER TABLE t ADD CONSTRAINT f__new FOREIGN KEY (b) REFERENCES o (id) ON DELETE SET NULL NOT VALID',
        'ALTER TABLE t VALIDATE CONSTRAINT f__new',
        'BEGIN',
        'ALTER TABLE t DROP CONSTRAINT f',
        'ALTER TABLE t RENAME CONSTRAINT f__new TO f',
        'COMMIT',
        "COMMENT ON CONSTRAINT f ON t IS 'x'",
      ],
    ]);
  });

  test('NOT NULL needs no check where a valid one says so already', async () => {
    const check = 'ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL AND b > 0);';
    const after = `CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int, a text, b int NOT NULL); ${check}`;
    expect(await sql(BASE + check, after)).toEqual([['ALTER TABLE t ALTER COLUMN b SET NOT NULL']]);
    const either = 'ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL OR id > 0);';
    const wanted = `CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int, a text, b int NOT NULL); ${either}`;
    expect((await sql(BASE + either, wanted)).flat()).toContain(
      'ALTER TABLE t VALIDATE CONSTRAINT b_not_null',
    );
  });

  test('a type that only widens goes with the transaction, NOT NULL after it', async () => {
    const before = 'CREATE TABLE t (a varchar(5)); CREATE VIEW v AS SELECT a FROM t;';
    const after = 'CREATE TABLE t (a text NOT NULL); CREATE VIEW v AS SELECT a FROM t;';
    const [together, apart] = await sql(before, after);
    expect(together).toEqual([
      'DROP VIEW v',
      'ALTER TABLE t ALTER COLUMN a TYPE text',
      expect.stringContaining('CREATE VIEW v'),
    ]);
    expect(apart).toHaveLength(4);
  });

  test('what shares a transaction comes together, whatever it was between', async () => {
    const after = `CREATE TABLE o (id int PRIMARY KEY, x int); CREATE TABLE t (id int, a text, b int, c int);
      CREATE INDEX o_x ON o (x); CREATE INDEX t_c ON t (c); CREATE TABLE z (id int);`;
    expect(await sql(BASE, after)).toEqual([
      [
        'ALTER TABLE o ADD COLUMN x integer',
        'ALTER TABLE t ADD COLUMN c integer',
        'CREATE TABLE z (\n  id integer\n)',
      ],
      ['CREATE INDEX CONCURRENTLY o_x ON o (x)', 'CREATE INDEX CONCURRENTLY t_c ON t (c)'],
    ]);
  });

  test('a new enum value is committed before it is used', async () => {
    const of = (values: string, rest = '') =>
      `CREATE TYPE e AS ENUM (${values}); CREATE TABLE t (v e); ${rest}`;
    const statements = await sql(
      of("'a'"),
      of("'a', 'b'", "ALTER TABLE t ALTER v SET DEFAULT 'b'; CREATE TABLE z ();"),
    );
    expect(statements).toHaveLength(2);
    expect(statements[0]).toContain("ALTER TYPE e ADD VALUE 'b'");
    expect(statements[1]).toEqual(["ALTER TABLE t ALTER COLUMN v SET DEFAULT 'b'"]);
  });

  test.each([
    ['a type that is another', 'ALTER TABLE t ALTER b TYPE bigint', /every row of t anew/],
    [
      'a type that fits an index on an expression',
      'ALTER TABLE t ALTER v TYPE varchar(9)',
      /builds t_lower again/,
    ],
    ['an identity', 'ALTER TABLE t ADD x int GENERATED ALWAYS AS IDENTITY', /every row of t anew/],
    ['a default of its own for each row', 'ALTER TABLE t ADD x uuid DEFAULT gen_random_uuid()', /every row/],
    [
      'an exclusion constraint',
      'ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING btree (b WITH =)',
      /nobody can/,
    ],
    ['an unlogged table', 'ALTER TABLE t SET UNLOGGED', /making t unlogged writes every row/],
    ['a stored value', 'ALTER TABLE t ADD x int GENERATED ALWAYS AS (b + 1) STORED', /every row of t anew/],
  ])('says what %s holds back', async (_, change, message) => {
    const before = `${BASE} ALTER TABLE t ADD v varchar(5); CREATE INDEX t_lower ON t (lower(v));`;
    const hazards = planHazards(await online(before, `${before} ${change};`));
    expect(hazards.filter(({ level }) => level === 'blocking').map((hazard) => hazard.message)).toEqual([
      expect.stringMatching(message),
    ]);
  });

  test.each([
    'ALTER TABLE t ADD x timestamptz NOT NULL DEFAULT now()',
    "ALTER TABLE t ADD x text NOT NULL DEFAULT 'x'",
    'ALTER TABLE t ADD x int GENERATED ALWAYS AS (b + 1) VIRTUAL',
    'ALTER TABLE t ALTER b SET DEFAULT 1',
  ])('says nothing of %s', async (change) => {
    const hazards = planHazards(await online(BASE, `${BASE} ${change};`));
    expect(hazards.filter(({ level }) => level === 'blocking')).toEqual([]);
  });
});
