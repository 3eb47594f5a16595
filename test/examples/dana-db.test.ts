import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeEachServer, freshDatabase } from '../support/postgres-server.js';
import { openSession, type Session } from '../support/session.js';

const schema = readFileSync(new URL('../../examples/dana-db/schema.sql', import.meta.url), 'utf8');

/** An embedding that points along one of its 1536 axes, turned towards the next one by `turn`. */
const embedding = (axis: number, turn = 0) =>
  `[${Array.from({ length: 1536 }, (_, i) => (i === axis ? 1 : i === axis + 1 ? turn : 0)).join(',')}]`;

describeEachServer(
  'the schema of dana-db',
  (server) => {
    let db: Session;
    let drop: () => Promise<void>;

    beforeAll(async () => {
      const database = await freshDatabase(server);
      drop = database.drop;
      db = await openSession(database.url);
      await db.run(schema);
    });
    afterAll(async () => {
      await db?.close();
      await drop?.();
    });

    const one = async (sql: string, parameters?: unknown[]) => (await db.query(sql, parameters))[0]!;
    const id = async (sql: string, parameters?: unknown[]) =>
      (await one(`${sql} RETURNING id`, parameters)).id as string;
    let tenants = 0;
    const organisation = () =>
      id("INSERT INTO organisations (slug, name) VALUES ($1, 'Tenant')", [`t-${++tenants}`]);
    const person = () =>
      id("INSERT INTO users (email, display_name) VALUES ($1, 'Someone')", [`p${++tenants}@example.org`]);
    const dataSource = (tenant: string) =>
      id("INSERT INTO data_sources (organisation_id, name, kind) VALUES ($1, 'Handbook', 'upload')", [
        tenant,
      ]);
    const document = async (tenant: string, title = 'Holiday policy', source?: string) =>
      id(
        `INSERT INTO documents (organisation_id, data_source_id, external_id, title, mime_type, byte_size, content_hash)
         VALUES ($1, $2, gen_random_uuid()::text, $3, 'text/plain', 1, sha256('x'))`,
        [tenant, source ?? (await dataSource(tenant)), title],
      );
    const conversation = (tenant: string, user?: string) =>
      id('INSERT INTO conversations (organisation_id, user_id) VALUES ($1, $2)', [tenant, user ?? null]);
    const message = (tenant: string, thread: string, content = 'Hello', parent?: string) =>
      id(
        `INSERT INTO messages (organisation_id, conversation_id, parent_id, role, content, prompt_tokens, completion_tokens)
         VALUES ($1, $2, $3, 'user', $4, 3, 4)`,
        [tenant, thread, parent ?? null, content],
      );

    test('every tenant table has a tenant key, and every reference between two of them includes it', async () => {
      const loose = await db.query(`
        SELECT c.conrelid::regclass::text AS "table", c.conname AS constraint
        FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = 'organisation_id'
        JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attname = 'organisation_id'
        WHERE c.contype = 'f' AND NOT (a.attnum = ANY (c.conkey))`);
      // These three reach their parent through a row that has already been tied to the tenant.
      expect(loose.map((row) => row.constraint).sort()).toEqual([
        'messages_conversation_id_parent_id_fkey',
        'workflow_executions_workflow_id_version_fkey',
        'workflows_published_version_fkey',
      ]);
      const global = await db.query(`
        SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND attname = 'organisation_id')
        ORDER BY 1`);
      expect(global.map((row) => row.relname)).toEqual(['organisations', 'permissions', 'sessions', 'users']);
    });

    test('every table has a comment, a primary key, and an index for each of its foreign keys to a tenant table', async () => {
      const bare = await db.query(`
        SELECT c.oid::regclass::text AS "table" FROM pg_class c
        WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'audit')
        AND (obj_description(oid, 'pg_class') IS NULL
             OR NOT EXISTS (SELECT FROM pg_constraint p WHERE p.conrelid = c.oid AND p.contype = 'p'))`);
      expect(bare).toEqual([]);
      const slow = await db.query(`
        SELECT c.conrelid::regclass::text AS "table", c.conname
        FROM pg_constraint c
        WHERE c.contype = 'f' AND cardinality(c.conkey) > 1 AND NOT EXISTS (
          SELECT FROM pg_index i WHERE i.indrelid = c.conrelid
          AND ((i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
               OR (i.indkey::int2[])[0:0] <@ c.conkey AND (i.indkey::int2[])[0] <> (
                    SELECT attnum FROM pg_attribute WHERE attrelid = c.conrelid AND attname = 'organisation_id')))`);
      expect(slow).toEqual([]);
    });

    test('every updated_at has its trigger, and it works', async () => {
      const without = await db.query(`
        SELECT attrelid::regclass::text AS "table" FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE attname = 'updated_at' AND relkind = 'r'
        AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = a.attrelid AND t.tgfoid = 'set_updated_at'::regproc)`);
      expect(without).toEqual([]);
      const tenant = await organisation();
      await db.query("UPDATE organisations SET updated_at = '2001-01-01', name = 'New' WHERE id = $1", [
        tenant,
      ]);
      const row = await one(
        'SELECT updated_at = now() AS fresh, updated_at > created_at AS later FROM organisations WHERE id = $1',
        [tenant],
      );
      expect(row).toEqual({ fresh: false, later: true });
    });

    test('nothing can point at a row of another tenant', async () => {
      const [mine, theirs] = [await organisation(), await organisation()];
      const source = await dataSource(theirs);
      await expect(document(mine, 'Stolen', source)).rejects.toThrow('foreign key');
      const thread = await conversation(theirs);
      await expect(message(mine, thread)).rejects.toThrow('foreign key');
      const [a, b] = [await conversation(mine), await conversation(mine)];
      const parent = await message(mine, a);
      await expect(message(mine, b, 'Answer', parent)).rejects.toThrow('foreign key');
    });

    test.each([
      [
        'an address without @',
        "INSERT INTO users (email, display_name) VALUES ('nobody', 'N')",
        'email_has_one_at',
      ],
      [
        'an address in another case',
        "INSERT INTO users (email, display_name) VALUES ('a@b.c', 'A'), ('A@B.C', 'A')",
        'users_email_key',
      ],
      [
        'a slug with capitals',
        "INSERT INTO organisations (slug, name) VALUES ('Acme', 'Acme')",
        'slug_is_url_safe',
      ],
      [
        'settings that are no object',
        "INSERT INTO organisations (slug, name, settings) VALUES ('s', 's', '[]')",
        'organisations_settings_check',
      ],
      [
        'a digest of the wrong length',
        "INSERT INTO sessions (user_id, token_hash, expires_at) VALUES (gen_random_uuid(), 'short', 'infinity')",
        'digest_is_sha256',
      ],
      [
        'a permission without an action',
        "INSERT INTO permissions VALUES ('documents', '')",
        'permissions_key_check',
      ],
    ])('refuses %s', async (_title, sql, constraint) => {
      await expect(db.query(sql)).rejects.toThrow(constraint);
    });

    test('finds the nearest chunks of one tenant', async () => {
      const [mine, theirs] = [await organisation(), await organisation()];
      const chunk = async (tenant: string, content: string, vector: string) =>
        db.query(
          `INSERT INTO document_chunks (organisation_id, document_id, ordinal, content, token_count, embedding, embedding_model)
           VALUES ($1, $2, 0, $3, 1, $4, 'test')`,
          [
            tenant,
            await document(
              tenant,
              content,
              await id("INSERT INTO data_sources (organisation_id, name, kind) VALUES ($1, $2, 'upload')", [
                tenant,
                content,
              ]),
            ),
            content,
            vector,
          ],
        );
      await chunk(mine, 'near', embedding(5, 0.1));
      await chunk(mine, 'nearer', embedding(5));
      await chunk(mine, 'far', embedding(900));
      await chunk(theirs, 'secret', embedding(5));
      const found = await db.query(
        'SELECT content, round(similarity::numeric, 3)::float AS similarity FROM match_document_chunks($1, $2, 2)',
        [mine, embedding(5)],
      );
      expect(found).toEqual([
        { content: 'nearer', similarity: 1 },
        { content: 'near', similarity: 0.995 },
      ]);
      const short = db.query("UPDATE document_chunks SET embedding = '[1,2,3]' WHERE organisation_id = $1", [
        mine,
      ]);
      await expect(short).rejects.toThrow('1536');
    });

    test('the indexes serve the questions they were made for', async () => {
      await db.run('SET enable_seqscan = off');
      const plan = async (sql: string) => JSON.stringify(await db.query(`EXPLAIN (COSTS off) ${sql}`));
      expect(
        await plan(`SELECT FROM document_chunks ORDER BY embedding <=> '${embedding(1)}' LIMIT 5`),
      ).toContain('document_chunks_embedding_idx');
      expect(await plan(`SELECT FROM documents WHERE title ILIKE '%holiday%'`)).toContain(
        'documents_title_trgm_idx',
      );
      expect(
        await plan("SELECT FROM documents WHERE search @@ websearch_to_tsquery('english', 'holiday policy')"),
      ).toContain('documents_search_idx');
      expect(await plan(`SELECT FROM documents WHERE metadata @> '{"author": "x"}'`)).toContain(
        'documents_metadata_idx',
      );
      await db.run('RESET enable_seqscan');
    });

    test('a document is found by the words of its title, in any form', async () => {
      const tenant = await organisation();
      await document(tenant, 'Travelling abroad');
      const found = await db.query(
        "SELECT title FROM documents WHERE organisation_id = $1 AND search @@ to_tsquery('english', 'travels')",
        [tenant],
      );
      expect(found).toEqual([{ title: 'Travelling abroad' }]);
    });

    test('the audit trail says who changed what, without secrets, and cannot be changed', async () => {
      const [tenant, actor] = [await organisation(), await person()];
      await db.run(`BEGIN; SELECT set_config('app.user_id', '${actor}', true)`);
      const hook = await id(
        "INSERT INTO webhooks (organisation_id, url, events, secret) VALUES ($1, 'https://example.org', '{x}', 'hush')",
        [tenant],
      );
      await db.query('UPDATE webhooks SET is_enabled = false WHERE id = $1', [hook]);
      await db.query('UPDATE webhooks SET is_enabled = false WHERE id = $1', [hook]);
      await db.run('COMMIT');
      await db.query('DELETE FROM webhooks WHERE id = $1', [hook]);
      const trail = await db.query(
        `SELECT action, actor_id, organisation_id, table_name, old_values ->> 'is_enabled' AS before, new_values ->> 'is_enabled' AS after,
                coalesce(new_values, old_values) ? 'secret' AS leaked
         FROM audit.log WHERE row_id = $1 ORDER BY id`,
        [hook],
      );
      const common = { organisation_id: tenant, table_name: 'webhooks', leaked: false };
      expect(trail).toEqual([
        { ...common, action: 'insert', actor_id: actor, before: null, after: 'true' },
        { ...common, action: 'update', actor_id: actor, before: 'true', after: 'false' },
        { ...common, action: 'delete', actor_id: null, before: 'false', after: null },
      ]);
      for (const sql of [
        'UPDATE audit.log SET actor_id = NULL',
        'DELETE FROM audit.log',
        'TRUNCATE audit.log',
      ]) {
        await expect(db.query(sql)).rejects.toThrow('append-only');
      }
    });

    test('every audited table can be written, changed and deleted', async () => {
      const audited = await db.query(
        "SELECT tgrelid::regclass::text AS t FROM pg_trigger WHERE tgfoid = 'audit.record_change'::regproc",
      );
      expect(audited.length).toBeGreaterThan(10);
      const [tenant, user] = [await organisation(), await person()];
      const member = await id('INSERT INTO memberships (organisation_id, user_id) VALUES ($1, $2)', [
        tenant,
        user,
      ]);
      const role = await id("INSERT INTO roles (organisation_id, name) VALUES ($1, 'Editor')", [tenant]);
      await db.query("INSERT INTO permissions VALUES ('documents:edit', '') ON CONFLICT DO NOTHING");
      await db.query("INSERT INTO role_permissions VALUES ($1, $2, 'documents:edit')", [tenant, role]);
      const key = await id(
        "INSERT INTO api_keys (organisation_id, name, prefix, key_hash) VALUES ($1, 'CI', 'dana_12345678', sha256('k'))",
        [tenant],
      );
      await db.query(
        'INSERT INTO role_assignments (organisation_id, role_id, membership_id) VALUES ($1, $2, $3)',
        [tenant, role, member],
      );
      await db.query(
        'INSERT INTO role_assignments (organisation_id, role_id, api_key_id) VALUES ($1, $2, $3)',
        [tenant, role, key],
      );
      await db.query(
        "INSERT INTO invitations (organisation_id, email, token_hash) VALUES ($1, 'new@example.org', sha256('i'))",
        [tenant],
      );
      await db.query("INSERT INTO ai_agents (organisation_id, name, model) VALUES ($1, 'Helper', 'm')", [
        tenant,
      ]);
      await db.query(
        "INSERT INTO webhooks (organisation_id, url, events, secret) VALUES ($1, 'https://example.org', '{x}', 'hush')",
        [tenant],
      );
      await dataSource(tenant);

      const both = db.query(
        'INSERT INTO role_assignments (organisation_id, role_id, membership_id, api_key_id) VALUES ($1, $2, $3, $4)',
        [tenant, role, member, key],
      );
      await expect(both).rejects.toThrow('role_assignments_one_holder');
      expect(
        await db.query('SELECT permission FROM effective_permissions WHERE user_id = $1', [user]),
      ).toEqual([{ permission: 'documents:edit' }]);

      await db.query('UPDATE api_keys SET last_used_at = now() WHERE id = $1', [key]);
      await db.query('UPDATE api_keys SET revoked_at = now() WHERE id = $1', [key]);
      const keys = await db.query('SELECT action FROM audit.log WHERE row_id = $1 ORDER BY id', [key]);
      expect(keys.map((row) => row.action)).toEqual(['insert', 'update']);

      await db.query('DELETE FROM organisations WHERE id = $1', [tenant]);
      const trail = await db.query(
        "SELECT DISTINCT table_name FROM audit.log WHERE organisation_id = $1 AND action = 'delete' ORDER BY 1",
        [tenant],
      );
      expect(trail.map((row) => row.table_name)).toEqual([
        'ai_agents',
        'api_keys',
        'data_sources',
        'invitations',
        'memberships',
        'organisations',
        'role_assignments',
        'role_permissions',
        'roles',
        'webhooks',
      ]);
    });

    test('a conversation: tokens add up, the title comes from the first question, the newest is on top', async () => {
      const tenant = await organisation();
      const thread = await conversation(tenant);
      await db.query("UPDATE conversations SET metadata = '{}' WHERE id = $1", [thread]);
      const before = await one('SELECT updated_at FROM conversations WHERE id = $1', [thread]);
      const first = await message(tenant, thread, 'How many days off?');
      await message(tenant, thread, 'And next year?', first);
      const after = await one('SELECT updated_at FROM conversations WHERE id = $1', [thread]);
      expect((after.updated_at as Date).getTime()).toBeGreaterThanOrEqual(
        (before.updated_at as Date).getTime(),
      );
      const summary = await one(
        'SELECT title, message_count::int, total_tokens::int FROM conversation_summaries WHERE conversation_id = $1',
        [thread],
      );
      expect(summary).toEqual({ title: 'How many days off?', message_count: 2, total_tokens: 14 });
    });

    test('a workflow is published, run once for a key, and deleted with its organisation', async () => {
      const tenant = await organisation();
      await db.run('BEGIN');
      const flow = await id(
        "INSERT INTO workflows (organisation_id, name, published_version) VALUES ($1, 'Digest', 1)",
        [tenant],
      );
      await db.query(
        `INSERT INTO workflow_versions (organisation_id, workflow_id, version, definition) VALUES ($1, $2, 1, '{"steps": []}')`,
        [tenant, flow],
      );
      await db.run('COMMIT');
      const start = () =>
        id(
          "INSERT INTO workflow_executions (organisation_id, workflow_id, version, trigger, idempotency_key) VALUES ($1, $2, 1, 'manual', 'k')",
          [tenant, flow],
        );
      const run = await start();
      await expect(start()).rejects.toThrow('workflow_executions_idempotency_key');
      await db.query(
        "INSERT INTO execution_steps (organisation_id, execution_id, position, name, started_at, finished_at) VALUES ($1, $2, 0, 'Read', '2025-01-01 10:00Z', '2025-01-01 10:02Z')",
        [tenant, run],
      );
      expect(await one('SELECT duration::text FROM execution_steps WHERE execution_id = $1', [run])).toEqual({
        duration: '00:02:00',
      });
      await expect(
        db.query("UPDATE workflow_executions SET status = 'succeeded' WHERE id = $1", [run]),
      ).rejects.toThrow('finished_when_over');
      await db.query('DELETE FROM organisations WHERE id = $1', [tenant]);
      expect(await db.query('SELECT FROM workflows WHERE id = $1', [flow])).toEqual([]);
    });

    test('usage is summed by day, and the sums can be refreshed while they are read', async () => {
      const tenant = await organisation();
      await db.query(
        "INSERT INTO usage_events (organisation_id, kind, quantity, occurred_at) VALUES ($1, 'prompt_tokens', 2, '2025-03-01 23:59Z'), ($1, 'prompt_tokens', 3, '2025-03-01 00:00Z'), ($1, 'prompt_tokens', 7, '2025-03-02 00:00Z')",
        [tenant],
      );
      await db.query('REFRESH MATERIALIZED VIEW daily_usage');
      await db.query('REFRESH MATERIALIZED VIEW CONCURRENTLY daily_usage');
      const days = await db.query(
        'SELECT day::text, quantity::float, events::int FROM daily_usage WHERE organisation_id = $1 ORDER BY day',
        [tenant],
      );
      expect(days).toEqual([
        { day: '2025-03-01', quantity: 5, events: 2 },
        { day: '2025-03-02', quantity: 7, events: 1 },
      ]);
    });
  },
  { embedded: true, vector: true },
);
