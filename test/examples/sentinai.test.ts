import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';
import { openSession, type PlainRow, type Session } from '../support/session.js';

const example = fileURLToPath(new URL('../../examples/sentinai/', import.meta.url));
const schema = readFileSync(join(example, 'schema.sql'), 'utf8');

/** The eight tables with short ways to fill them, as the service would. */
class SentinaiRows {
  readonly db: Session;
  readonly #made = new Map<string, number>();

  constructor(db: Session) {
    this.db = db;
  }

  async one(sql: string, parameters?: unknown[]): Promise<PlainRow> {
    return (await this.db.query(sql, parameters))[0]!;
  }

  #next(what: string): string {
    const number = (this.#made.get(what) ?? 0) + 1;
    this.#made.set(what, number);
    return `${what}-${number}`;
  }

  async tenant(): Promise<string> {
    const id = this.#next('tenant');
    await this.db.query("INSERT INTO tenant (tenant_id, name) VALUES ($1, 'A customer')", [id]);
    return id;
  }

  async playbook(tenant: string): Promise<string> {
    const row = await this.one(
      `INSERT INTO playbook (tenant_id, name, conditions) VALUES ($1, $2, '{"domain": "finance"}') RETURNING playbook_id`,
      [tenant, this.#next('playbook')],
    );
    return String(row.playbook_id);
  }

  /** @param tenant undefined: for every tenant */
  async tool(tenant?: string): Promise<string> {
    const row = await this.one(
      "INSERT INTO tool_definition (tenant_id, name, type) VALUES ($1, $2, 'http') RETURNING tool_id",
      [tenant ?? null, this.#next('tool')],
    );
    return String(row.tool_id);
  }

  async step(tenant: string, playbook: string, order: number, tool?: { scope: string; id: string }) {
    await this.db.query(
      `INSERT INTO playbook_step (tenant_id, playbook_id, step_order, name, action, tool_scope, tool_id)
       VALUES ($1, $2, $3, 'A step', 'call_tool', $4, $5)`,
      [tenant, playbook, order, tool?.scope ?? null, tool?.id ?? null],
    );
  }

  async exception(tenant: string, playbook?: string, step?: number): Promise<string> {
    const id = this.#next('EX');
    await this.db.query(
      `INSERT INTO exception (tenant_id, exception_id, domain, type, severity, source_system, amount, currency,
                              sla_deadline, current_playbook_id, current_step)
       VALUES ($1, $2, 'finance', 'PAYMENT_FAILED', 'high', 'erp', 12.5, 'EUR', now() + interval '1 day', $3, $4)`,
      [tenant, id, playbook ?? null, step ?? null],
    );
    return id;
  }

  async event(tenant: string, exception: string) {
    await this.db.query(
      `INSERT INTO exception_event (tenant_id, exception_id, event_type, actor_type, actor_id)
       VALUES ($1, $2, 'triaged', 'agent', 'triage-agent')`,
      [tenant, exception],
    );
  }
}

describeOldestAndNewest(
  'the schema of sentinai',
  (server) => {
    let db: Session;
    let rows: SentinaiRows;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const database = await freshDatabase(server);
      drop = database.drop;
      db = await openSession(database.url);
      rows = new SentinaiRows(db);
      await db.run(schema);
    });
    afterAll(async () => {
      await db?.close();
      await drop?.();
    });

    test('every reference between tables with a tenant includes it, and each table has one to tenant', async () => {
      const loose = await db.query(`
        SELECT c.conname AS name
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'tenant_id'
        JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attname = 'tenant_id'
        WHERE c.contype = 'f' AND NOT a.attnum = ANY (c.conkey) ORDER BY 1`);
      // The first has its second half in exception_playbook_is_own; the other carries the tenant as tool_scope.
      expect(loose.map(({ name }) => name)).toEqual([
        'exception_current_playbook_id_fkey',
        'playbook_step_tool_scope_tool_id_fkey',
      ]);
      const leaving = await db.query(`
        SELECT conrelid::regclass::text AS name FROM pg_constraint
        WHERE contype = 'f' AND confrelid = 'tenant'::regclass AND confdeltype = 'c' ORDER BY 1`);
      expect(leaving.map(({ name }) => name)).toEqual([
        'exception',
        'exception_event',
        'playbook',
        'playbook_step',
        'tenant_policy_pack_version',
        'tool_definition',
      ]);
      const tables = await db.query(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
      );
      expect(tables.map(({ name }) => name)).toEqual([
        'domain_pack_version',
        'exception',
        'exception_event',
        'playbook',
        'playbook_step',
        'tenant',
        'tenant_policy_pack_version',
        'tool_definition',
      ]);
    });

    test('every foreign key has an index that begins with its columns', async () => {
      const slow = await db.query(`
        SELECT c.conname FROM pg_constraint c
        WHERE c.contype = 'f' AND NOT EXISTS (
          SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indnkeyatts >= cardinality(c.conkey)
          AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] <@ c.conkey)`);
      expect(slow).toEqual([]);
    });

    test('every updated_at has its trigger, and it works', async () => {
      const without = await db.query(`
        SELECT attrelid::regclass::text AS "table" FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE attname = 'updated_at' AND relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = a.attrelid AND t.tgfoid = 'set_updated_at'::regproc)`);
      expect(without).toEqual([]);
      const tenant = await rows.tenant();
      const row = await rows.one(
        "UPDATE tenant SET updated_at = '2001-01-01' WHERE tenant_id = $1 RETURNING updated_at = now() AS fresh",
        [tenant],
      );
      expect(row).toEqual({ fresh: true });
    });

    test('nothing can point at a row of another tenant', async () => {
      const [mine, theirs] = [await rows.tenant(), await rows.tenant()];
      const exception = await rows.exception(theirs);
      await expect(rows.event(mine, exception)).rejects.toThrow('foreign key');
      const playbook = await rows.playbook(theirs);
      await expect(rows.step(mine, playbook, 1)).rejects.toThrow('foreign key');
      await expect(rows.exception(mine, playbook)).rejects.toThrow('exception_playbook_is_own');
      const own = await rows.exception(mine);
      await expect(
        db.query('UPDATE exception SET current_playbook_id = $1 WHERE exception_id = $2', [playbook, own]),
      ).rejects.toThrow('exception_playbook_is_own');
    });

    test('a service that does not want to wait for the commit can have the playbook checked at once', async () => {
      const [mine, theirs] = [await rows.tenant(), await rows.tenant()];
      const [own, foreign] = [await rows.playbook(mine), await rows.playbook(theirs)];
      await db.run('BEGIN; SET CONSTRAINTS exception_playbook_is_own IMMEDIATE');
      try {
        await rows.exception(mine, own);
        await expect(rows.exception(mine, foreign)).rejects.toThrow('exception_playbook_is_own');
      } finally {
        await db.run('ROLLBACK');
      }
    });

    test('a row with children does not change its tenant', async () => {
      const [mine, theirs] = [await rows.tenant(), await rows.tenant()];
      const playbook = await rows.playbook(mine);
      const exception = await rows.exception(mine, playbook, 1);
      await rows.event(mine, exception);
      for (const sql of [
        'UPDATE exception SET tenant_id = $1 WHERE tenant_id = $2',
        'UPDATE playbook SET tenant_id = $1 WHERE tenant_id = $2',
      ]) {
        await expect(db.query(sql, [theirs, mine]), sql).rejects.toThrow('foreign key');
      }
    });

    test('a step calls a tool of its tenant or of all, never another tenant’s', async () => {
      const [mine, theirs] = [await rows.tenant(), await rows.tenant()];
      const playbook = await rows.playbook(mine);
      const [own, common, foreign] = [await rows.tool(mine), await rows.tool(), await rows.tool(theirs)];
      await rows.step(mine, playbook, 1, { scope: mine, id: own });
      await rows.step(mine, playbook, 2, { scope: '*', id: common });
      const wrong = (scope: string) => rows.step(mine, playbook, 3, { scope, id: foreign });
      await expect(wrong(theirs)).rejects.toThrow('playbook_step_tool_is_global_or_own');
      await expect(wrong(mine)).rejects.toThrow('foreign key');
      await expect(wrong('*')).rejects.toThrow('foreign key');
      // Nor does a tool in use become another tenant's, or go.
      await expect(
        db.query('UPDATE tool_definition SET tenant_id = $1 WHERE tool_id = $2', [theirs, common]),
      ).rejects.toThrow('foreign key');
      await expect(db.query('DELETE FROM tool_definition WHERE tool_id = $1', [own])).rejects.toThrow(
        'foreign key',
      );
    });

    test('a deleted playbook leaves its exceptions, at no step; the tenant stays theirs', async () => {
      const tenant = await rows.tenant();
      const playbook = await rows.playbook(tenant);
      const other = await rows.playbook(tenant);
      await rows.step(tenant, playbook, 1);
      const left = await rows.exception(tenant, playbook, 1);
      const kept = await rows.exception(tenant, other, 2);
      await db.query('DELETE FROM playbook WHERE playbook_id = $1', [playbook]);
      expect(
        await db.query(
          `SELECT exception_id, current_playbook_id::text AS playbook, current_step AS step
           FROM exception WHERE tenant_id = $1 ORDER BY exception_id = $2 DESC`,
          [tenant, left],
        ),
      ).toEqual([
        { exception_id: left, playbook: null, step: null },
        { exception_id: kept, playbook: other, step: 2 },
      ]);
      expect(await db.query('SELECT FROM playbook_step WHERE tenant_id = $1', [tenant])).toEqual([]);
    });

    test('a tenant leaves in one statement with all it has, and nobody else loses a row', async () => {
      const [leaving, staying] = [await rows.tenant(), await rows.tenant()];
      await db.query(
        `INSERT INTO domain_pack_version (domain, version, status, pack, activated_at)
         VALUES ('finance', 1, 'active', '{}', now())`,
      );
      for (const tenant of [leaving, staying]) {
        const playbook = await rows.playbook(tenant);
        await rows.step(tenant, playbook, 1, { scope: tenant, id: await rows.tool(tenant) });
        await rows.step(tenant, playbook, 2, { scope: '*', id: await rows.tool() });
        await rows.event(tenant, await rows.exception(tenant, playbook, 1));
        await db.query(
          `INSERT INTO tenant_policy_pack_version (tenant_id, domain, version, domain_pack_version, pack)
           VALUES ($1, 'finance', 1, 1, '{}')`,
          [tenant],
        );
      }
      const counts = async (tenant: string) =>
        rows.one(
          `SELECT (SELECT count(*)::int FROM playbook WHERE tenant_id = $1) AS playbooks,
                  (SELECT count(*)::int FROM playbook_step WHERE tenant_id = $1) AS steps,
                  (SELECT count(*)::int FROM tool_definition WHERE tenant_id = $1) AS tools,
                  (SELECT count(*)::int FROM exception WHERE tenant_id = $1) AS exceptions,
                  (SELECT count(*)::int FROM exception_event WHERE tenant_id = $1) AS events,
                  (SELECT count(*)::int FROM tenant_policy_pack_version WHERE tenant_id = $1) AS policies`,
          [tenant],
        );
      const all = { playbooks: 1, steps: 2, tools: 1, exceptions: 1, events: 1, policies: 1 };
      expect(await counts(leaving)).toEqual(all);
      await db.query('DELETE FROM tenant WHERE tenant_id = $1', [leaving]);
      expect(await counts(leaving)).toEqual({
        playbooks: 0,
        steps: 0,
        tools: 0,
        exceptions: 0,
        events: 0,
        policies: 0,
      });
      expect(await counts(staying)).toEqual(all);
    });

    test('events are append-only, and go with their exception', async () => {
      const tenant = await rows.tenant();
      const exception = await rows.exception(tenant);
      await rows.event(tenant, exception);
      for (const sql of [
        "UPDATE exception_event SET payload = '{}'",
        'DELETE FROM exception_event',
        'TRUNCATE exception_event',
        'TRUNCATE tenant CASCADE',
      ]) {
        await expect(db.query(sql), sql).rejects.toThrow('append-only');
      }
      await db.query('DELETE FROM exception WHERE tenant_id = $1', [tenant]);
      expect(await db.query('SELECT FROM exception_event WHERE tenant_id = $1', [tenant])).toEqual([]);
    });

    test('two steps change places in one transaction, and no two keep one place', async () => {
      const tenant = await rows.tenant();
      const playbook = await rows.playbook(tenant);
      await rows.step(tenant, playbook, 1);
      await rows.step(tenant, playbook, 2);
      await db.query('UPDATE playbook_step SET step_order = 3 - step_order WHERE playbook_id = $1', [
        playbook,
      ]);
      await expect(rows.step(tenant, playbook, 2)).rejects.toThrow(
        'playbook_step_playbook_id_step_order_key',
      );
    });

    test('one exception number is one exception within a tenant, and another in the next', async () => {
      const [mine, theirs] = [await rows.tenant(), await rows.tenant()];
      const insert = (tenant: string) =>
        db.query(
          `INSERT INTO exception (tenant_id, exception_id, domain, type, severity, source_system, sla_deadline)
           VALUES ($1, 'INV-1', 'finance', 'T', 'low', 'erp', now())`,
          [tenant],
        );
      await insert(mine);
      await insert(theirs);
      await expect(insert(mine)).rejects.toThrow('exception_pkey');
    });

    test.each([
      ['a tenant with capitals', "INSERT INTO tenant VALUES ('Acme', 'Acme')", 'tenant_tenant_id_check'],
      ['a tenant that reads as all', "INSERT INTO tenant VALUES ('*', 'All')", 'tenant_tenant_id_check'],
      ['an unknown status', "INSERT INTO tenant VALUES ('a', 'A', 'gone')", 'tenant_status'],
      [
        'a pack that is no object',
        "INSERT INTO domain_pack_version VALUES ('hr', 1, 'draft', '[]')",
        'domain_pack_version_pack_check',
      ],
      [
        'an active pack that never became one',
        "INSERT INTO domain_pack_version VALUES ('hr', 1, 'active', '{}')",
        'domain_pack_version_activated_has_time',
      ],
      [
        'two active packs of a domain',
        "INSERT INTO domain_pack_version VALUES ('hr', 1, 'active', '{}', now(), now()), ('hr', 2, 'active', '{}', now(), now())",
        'domain_pack_version_active',
      ],
      [
        'a notice with a tool',
        `WITH t AS (INSERT INTO tool_definition (name, type) VALUES ('t', 'http') RETURNING tool_id)
         INSERT INTO playbook_step (tenant_id, playbook_id, step_order, name, action, tool_scope, tool_id)
         SELECT 'x', 1, 1, 'n', 'notify', '*', tool_id FROM t`,
        'playbook_step_only_calls_have_tool',
      ],
      [
        'an amount without a currency',
        "INSERT INTO exception (tenant_id, exception_id, domain, type, severity, source_system, sla_deadline, amount) VALUES ('x', 'x', 'x', 'x', 'low', 'x', now(), 1)",
        'exception_amount_has_currency',
      ],
      [
        'a resolution without its time',
        "INSERT INTO exception (tenant_id, exception_id, domain, type, severity, source_system, sla_deadline, status) VALUES ('x', 'x', 'x', 'x', 'low', 'x', now(), 'resolved')",
        'exception_resolved_has_time',
      ],
      [
        'an agent without a name',
        "INSERT INTO exception_event (tenant_id, exception_id, event_type, actor_type) VALUES ('x', 'x', 'x', 'agent')",
        'exception_event_actor_is_known',
      ],
    ])('refuses %s', async (_title, sql, constraint) => {
      await expect(db.query(sql)).rejects.toThrow(constraint);
    });

    test('the indexes serve the questions they were made for', async () => {
      await db.run('SET enable_seqscan = off; SET enable_sort = off');
      const plan = async (sql: string) => JSON.stringify(await db.query(`EXPLAIN (COSTS off) ${sql}`));
      const queue = await plan(
        `SELECT FROM exception WHERE tenant_id = 'a' AND status NOT IN ('resolved', 'closed')
         ORDER BY sla_deadline, severity DESC LIMIT 20`,
      );
      expect(queue).toContain('exception_work_queue');
      expect(queue).not.toContain('Sort');
      expect(
        await plan(
          "SELECT FROM exception_event WHERE tenant_id = 'a' AND exception_id = 'b' ORDER BY occurred_at",
        ),
      ).toContain('exception_event_timeline');
      expect(
        await plan(`SELECT FROM playbook WHERE is_enabled AND conditions @> '{"domain": "finance"}'`),
      ).toContain('playbook_conditions');
    });
  },
  { embedded: true },
);

describeOldestAndNewest(
  'the revisions of sentinai with rows in the database',
  (server) => {
    let url: string;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const database = await freshDatabase(server);
      ({ url, drop } = database);
    });
    afterAll(() => drop?.());

    const migrate = async (...args: string[]) => {
      const result = await inProcess(['migrate', ...args, '--env', 'test', '--url', url], { cwd: example });
      expect(result, result.stderr).toMatchObject({ code: 0 });
    };
    // The embedded engine lets one at a time in.
    const inSession = async <T>(work: (db: Session) => Promise<T>): Promise<T> => {
      const db = await openSession(url);
      return work(db).finally(() => db.close());
    };
    const ask = (sql: string): Promise<PlainRow[]> => inSession((db) => db.query(sql));

    test('a new status comes and goes: what has it is escalated, the rest stays', async () => {
      await migrate('up', '20251117090000');
      await ask(`INSERT INTO tenant VALUES ('acme', 'Acme')`);
      await ask(`
        INSERT INTO exception (tenant_id, exception_id, domain, type, severity, status, source_system)
        VALUES ('acme', 'EX-1', 'finance', 'T', 'high', 'awaiting_approval', 'erp'),
               ('acme', 'EX-2', 'finance', 'T', 'low', 'analyzing', 'erp')`);
      await migrate('down', '-1');
      expect(await ask('SELECT exception_id, status::text FROM exception ORDER BY 1')).toEqual([
        { exception_id: 'EX-1', status: 'escalated' },
        { exception_id: 'EX-2', status: 'analyzing' },
      ]);
      expect(await ask("SELECT 'escalated' < 'resolved'::exception_status AS ordered")).toEqual([
        { ordered: true },
      ]);
      await expect(ask("SELECT 'awaiting_approval'::exception_status")).rejects.toThrow(
        'invalid input value',
      );
    });

    test('deadlines are filled in by policy, then by severity; taken back where nobody changed them', async () => {
      await migrate('up', '20251117090000');
      await ask(`INSERT INTO domain_pack_version VALUES ('finance', 1, 'active', '{}', now(), now())`);
      await ask(`
        INSERT INTO tenant_policy_pack_version (tenant_id, domain, version, domain_pack_version, status, pack, activated_at)
        VALUES ('acme', 'finance', 1, 1, 'active', '{"sla_hours": {"high": 1.5}}', now())`);
      await ask(`
        INSERT INTO exception (tenant_id, exception_id, domain, type, severity, source_system, sla_deadline)
        VALUES ('acme', 'EX-3', 'health', 'T', 'critical', 'erp', NULL),
               ('acme', 'EX-4', 'finance', 'T', 'high', 'erp', '2030-01-01Z')`);
      const deadlines = () =>
        ask(`SELECT exception_id, (extract(epoch FROM sla_deadline - detected_at) / 3600)::float AS hours
             FROM exception WHERE exception_id <> 'EX-4' ORDER BY 1`);
      await migrate('up');
      expect(await deadlines()).toEqual([
        { exception_id: 'EX-1', hours: 1.5 },
        { exception_id: 'EX-2', hours: 168 },
        { exception_id: 'EX-3', hours: 4 },
      ]);
      const sent = `SELECT sla_deadline = '2030-01-01Z' AS kept FROM exception WHERE exception_id = 'EX-4'`;
      expect(await ask(sent)).toEqual([{ kept: true }]);

      await ask(
        `UPDATE exception SET sla_deadline = detected_at + interval '2 hours' WHERE exception_id = 'EX-3'`,
      );
      await migrate('down', '20251117090000');
      expect(await deadlines()).toEqual([
        { exception_id: 'EX-1', hours: null },
        { exception_id: 'EX-2', hours: null },
        { exception_id: 'EX-3', hours: 2 },
      ]);
      expect(await ask(sent)).toEqual([{ kept: true }]);
      await migrate('up');
      expect(await deadlines()).toEqual([
        { exception_id: 'EX-1', hours: 1.5 },
        { exception_id: 'EX-2', hours: 168 },
        { exception_id: 'EX-3', hours: 2 },
      ]);
    });

    test('a deadline is obligatory from then on', async () => {
      await expect(
        ask(`INSERT INTO exception (tenant_id, exception_id, domain, type, severity, source_system)
             VALUES ('acme', 'EX-9', 'finance', 'T', 'low', 'erp')`),
      ).rejects.toThrow('sla_deadline');
    });

    test('down to base takes everything along, with rows in every table', async () => {
      await inSession(async (db) => {
        const rows = new SentinaiRows(db);
        const tenant = await rows.tenant();
        const playbook = await rows.playbook(tenant);
        await rows.step(tenant, playbook, 1, { scope: '*', id: await rows.tool() });
        await rows.event(tenant, await rows.exception(tenant, playbook, 1));
      });
      await migrate('down', 'base');
      expect(
        await ask(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
                   UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
                   UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`),
      ).toEqual([]);
    });
  },
  { embedded: true },
);

test('schema.sql and the revisions lead to the same schema', async () => {
  const result = await inProcess(['migrate', 'diff', 'nothing', '--dry-run', '--env', 'test'], {
    cwd: example,
  });
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toContain('nothing to do');
});

test('every revision goes up and back down', async () => {
  const result = await inProcess(['migrate', 'validate', '--replay', '--env', 'test'], { cwd: example });
  expect(result, result.stderr).toMatchObject({ code: 0 });
  expect(result.stdout).toContain('every reverse led back');
});
