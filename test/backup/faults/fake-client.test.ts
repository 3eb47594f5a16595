import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findClient } from '../../../src/backup/postgres/find-client.js';
import { freshDatabase, query } from '../../support/postgres-server.js';
import { dumpableServers, find } from '../postgres/support/restore.js';
import { Place, sessions } from './support/place.js';

/* Case F7: programs that are called pg_dump and do not do what it does. F19: what children and files see of secrets. */

const [server] = (await dumpableServers()).slice(-1);
describe.runIf(server !== undefined && process.platform !== 'win32')('a pg_dump that is none', () => {
  let url: string;
  let drop: () => Promise<void>;
  let place: Place;
  let dump: string;
  let restore: string;
  beforeEach(async () => {
    if (server === undefined) throw new Error('no server');
    ({ url, drop } = await freshDatabase(server));
    await query(url, 'CREATE TABLE a (b int); INSERT INTO a VALUES (1), (2)');
    place = new Place(url);
    await place.good();
    dump = (await findClient('pg_dump', Number(server.name), find)).path;
    restore = (await findClient('pg_restore', Number(server.name), find)).path;
    mkdirSync(join(place.folder, 'bin'));
    program('pg_restore', `exec ${restore} "$@"`);
    place.configure(url, { clientFolder: './bin' });
  });
  afterEach(async () => {
    place.close();
    await drop();
  });

  function program(name: string, work: string, mode = 0o755): void {
    const file = join(place.folder, 'bin', name);
    writeFileSync(file, `#!/bin/sh\ncase "$1" in --version) exec ${dump} --version;; esac\n${work}\n`);
    chmodSync(file, mode);
  }

  async function failsWith(code: string): Promise<string> {
    const { code: exit, error, text } = await place.run('backup create');
    expect({ exit, code: error?.code }).toEqual({ exit: 1, code });
    expect(place.entries().filter((name) => name.startsWith('.'))).toEqual([]);
    await expect.poll(() => sessions(url), { timeout: 5000 }).toEqual([]);
    place.configure(url);
    await place.holds();
    return text;
  }

  test('missing', () => failsWith('client-missing'));

  test('not executable', () => {
    program('pg_dump', 'exit 0', 0o644);
    return failsWith('client-missing');
  });

  test('ends well and has written nothing', () => {
    program('pg_dump', 'exit 0');
    return failsWith('dump-failed');
  });

  test('ends well and has written half', () => {
    program('pg_dump', `${dump} "$@" | head -c 900`);
    return failsWith('backup-damaged');
  });

  test('ends well and has written something else', () => {
    program('pg_dump', 'echo "pg_dump: all is well"');
    return failsWith('backup-damaged');
  });

  test('ends well with another database’s dump: it restores, and the counts tell', async () => {
    const other = await freshDatabase(server ?? fail());
    try {
      await query(other.url, 'CREATE TABLE a (b int)');
      const name = new URL(other.url).pathname.slice(1);
      program('pg_dump', `PGDATABASE=${name} exec ${dump} --format=custom`);
      const [good] = place.complete();
      const { code, error } = await place.run('backup create --verify 3');
      expect({ code, error: error?.code }).toEqual({ code: 1, error: 'backup-unproven' });
      // It stays to be looked at, and nothing calls it proven.
      const { backups } = (await place.run('backup list')).result;
      expect(backups).toMatchObject([{ id: expect.not.stringMatching(good ?? '') }, { id: good }]);
      expect(backups[0]?.verified?.level ?? 0).toBeLessThan(3);
    } finally {
      await other.drop();
    }
  });

  test('complains and ends well: the dump is what counts, and it is proven', async () => {
    program('pg_dump', `echo "pg_dump: warning: something" >&2; exec ${dump} "$@"`);
    expect(await place.run('backup create --verify 3')).toMatchObject({ code: 0 });
    expect(place.complete()).toHaveLength(2);
  });

  test('fails after a whole dump: no backup', () => {
    program('pg_dump', `${dump} "$@"; echo "pg_dump: error: the very end" >&2; exit 1`);
    return failsWith('client-failed');
  });

  test('it sees no password but through a file of its owner’s alone, and nothing of ours', async () => {
    const seen = join(place.folder, 'seen');
    program(
      'pg_dump',
      `{ env; echo "args $*"; ls -l "$PGPASSFILE"; stat -c 'mode %a' "$PGPASSFILE"; } > ${seen}; exec ${dump} "$@"`,
    );
    const { text, code } = await place.run('backup create', { SECRET_OF_OURS: 'do not pass on' });
    expect(code).toBe(0);
    const { readFileSync } = await import('node:fs');
    const shown = readFileSync(seen, 'utf8');
    expect(shown).toContain('mode 600');
    const password = decodeURIComponent(new URL(url).password);
    expect(password.length).toBeGreaterThan(8);
    const id = place.complete().at(-1) ?? '';
    const manifest = readFileSync(join(place.backups, id, 'manifest.json'), 'utf8');
    for (const where of [shown, text, manifest]) {
      expect(where).not.toContain(password);
      expect(where).not.toContain(encodeURIComponent(password));
      expect(where).not.toContain('do not pass on');
    }
    expect(manifest).not.toContain(place.folder);
    expect(manifest).not.toContain('127.0.0.1');
  });
});

function fail(): never {
  throw new Error('no server');
}
