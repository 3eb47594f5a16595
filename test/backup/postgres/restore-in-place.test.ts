import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restorePostgres } from '../../../src/backup/postgres/restore-postgres.js';
import { Secret } from '../../../src/database/secret.js';
import { query } from '../../support/postgres-server.js';
import { dumpableServers, liveUsers, openSite, type Site } from './support/restore.js';

const SEED = `
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  INSERT INTO users (name) VALUES ('ada'), ('bob');
  CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users);
  INSERT INTO posts VALUES (1, 1);
  CREATE VIEW names AS SELECT name FROM users;`;

for (const server of await dumpableServers()) {
  describe(`restore in place (PostgreSQL ${server.name})`, () => {
    let site: Site;
    beforeEach(async () => {
      site = await openSite(server, SEED);
    });
    afterEach(() => site.close());

    test('in one transaction, over what is there; what the backup does not know stays and is said', async () => {
      const backup = await site.backup();
      await query(site.url, `TRUNCATE users CASCADE; DROP VIEW names; CREATE TABLE later (id int)`);
      let before = 0;
      const restored = await restorePostgres(
        backup,
        site.options({
          inPlace: true,
          createBefore: async () => {
            before++;
            return 'the-id';
          },
        }),
      );
      expect(restored).toMatchObject({
        mode: 'in-place',
        database: site.name,
        kept: undefined,
        before: 'the-id',
      });
      expect(restored.notes).toEqual([expect.stringContaining('public.later is there')]);
      expect(before).toBe(1);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      expect(await query(site.url, 'SELECT count(*)::int AS n FROM names, posts')).toEqual([{ n: 2 }]);
      expect(await site.databases()).toEqual([site.name]);
    });

    test('what stands in its way undoes all of it', async () => {
      const backup = await site.backup();
      await query(
        site.url,
        `DELETE FROM users WHERE name = 'bob'; CREATE TABLE later (id int REFERENCES users)`,
      );
      await expect(restorePostgres(backup, site.options({ inPlace: true }))).rejects.toThrow(
        expect.objectContaining({ code: 'restore-failed', excerpt: expect.stringContaining('later') }),
      );
      expect(await liveUsers(site)).toEqual(['ada']);
    });

    test('somebody in a long transaction: it waits so long and not longer, and says for whom', async () => {
      const backup = await site.backup();
      const holder = new Client({ connectionString: site.url });
      await holder.connect();
      await holder.query('BEGIN; SELECT * FROM users');
      try {
        await expect(
          restorePostgres(backup, site.options({ inPlace: true, lockTimeoutMs: 700 })),
        ).rejects.toThrow(expect.objectContaining({ code: 'locked', exitCode: 4 }));
      } finally {
        await holder.end();
      }
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      // pg_restore's session is gone, and with it its locks.
      await restorePostgres(backup, site.options({ inPlace: true, lockTimeoutMs: 3000 }));
    });

    test('by an owner who may not create databases; never where there is no database', async () => {
      const role = `${site.name}_app`;
      await query(site.admin, `CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
      try {
        await query(site.admin, `ALTER DATABASE ${site.name} OWNER TO ${role}`);
        await query(
          site.url,
          `ALTER TABLE users OWNER TO ${role}; ALTER TABLE posts OWNER TO ${role}; ALTER VIEW names OWNER TO ${role};
           GRANT ALL ON SCHEMA public TO ${role}`,
        );
        const backup = await site.backup();
        await query(site.url, 'TRUNCATE users CASCADE');
        const parsed = { ...site.parsed, user: role, password: new Secret('x') };
        await expect(restorePostgres(backup, site.options({ url: parsed }))).rejects.toThrow(
          expect.objectContaining({ code: 'restore-refused' }),
        );
        const restored = await restorePostgres(backup, site.options({ url: parsed, inPlace: true }));
        expect(restored.mode).toBe('in-place');
        expect(await liveUsers(site)).toEqual(['ada', 'bob']);
        await expect(
          restorePostgres(
            backup,
            site.options({ url: { ...site.parsed, database: 'not_there' }, inPlace: true }),
          ),
        ).rejects.toThrow(expect.objectContaining({ code: 'cannot-connect' }));
      } finally {
        await site.close();
        await query(site.admin, `DROP ROLE ${role}`);
      }
    });
  });
}
