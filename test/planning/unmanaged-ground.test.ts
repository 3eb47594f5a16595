import { afterAll, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { openDatabase } from '../../src/database/open-database.js';
import { planBetween } from '../../src/planning/plan-between.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { splitScript } from '../../src/postgres/split-script.js';
import { describeEachServer, freshDatabase } from '../support/postgres-server.js';

/** What is managed stands on what is not: a range type with a canonical function. */
const GROUND = `
create type steps;
create function steps_canonical(steps) returns steps immutable strict language internal as 'int4range_canonical';
create type steps as range (subtype = int4, canonical = steps_canonical);
create table walks (id int, done steps, planned steps[]);
create view lengths as select upper(done) - lower(done) as n from walks;
create view over_lengths as select n from lengths;
create function width(steps) returns int language sql as 'select upper($1) - lower($1)';
create table bystander (id int primary key, n varchar(10) check (n in ('a', 'b')));
create view of_bystander as select n from bystander where n in ('a', 'b')`;

describeEachServer(
  'a database whose objects stand on what is not managed',
  (server) => {
    const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
    afterAll(() => bench.close());

    test('is compared and changed all the same, unproven, and that is said', async () => {
      const { url, drop } = await freshDatabase(server);
      try {
        const target = parseDatabaseUrl(url);
        const connection = await openDatabase(target);
        for (const { sql } of await splitScript(GROUND, 'ground.sql')) await connection.executeAll([sql]);
        await connection.close();
        const plan = await planBetween(
          bench,
          { type: 'database', label: 'live', url: target },
          {
            type: 'scripts',
            label: 'schema.sql',
            files: [{ name: 'schema.sql', sql: `${GROUND};alter table bystander add extra int` }],
          },
          { open: openDatabase },
        );
        // What cannot be built in the dev database keeps its server's words, and those of views differ.
        const sql = plan.up.steps.flatMap((step) => step.sql);
        expect(sql.filter((statement) => !statement.startsWith('CREATE OR REPLACE VIEW '))).toEqual([
          'ALTER TABLE bystander ADD COLUMN extra integer',
        ]);
        expect(plan.up.steps.flatMap((step) => step.hazards)).toEqual([]);
        expect(plan.proven).toBeUndefined();
        expect(bench.notes.join('\n')).toMatch(/the plan is not proven: .*not managed: /);
        expect(plan.unmanaged.from.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
          expect.arrayContaining(['range type with a canonical function steps']),
        );
      } finally {
        await drop();
      }
    });
  },
  { embedded: true },
);
