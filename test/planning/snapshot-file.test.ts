import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatSnapshot, parseSnapshot, type SnapshotFacts } from '../../src/planning/snapshot-file.js';
import { newestSnapshot, writeSnapshot } from '../../src/planning/snapshot-folder.js';

const facts: SnapshotFacts = {
  ...{ environment: 'local', database: 'app', engine: 'postgres', engineVersion: 'PostgreSQL 15.4' },
  ...{ takenAt: '2026-11-20T14:15:00.000Z', heads: ['1'], logged: 3, run: 'r' },
};
const line = fc.string({ unit: 'binary' }).map((text) => text.replace(/\r/g, ''));

test('what is written is what is read, whatever names and SQL hold', () => {
  fc.assert(
    fc.property(line, line, line, (environment, database, sql) => {
      const said = { ...facts, environment, database };
      expect(parseSnapshot(formatSnapshot(said, sql), 'f', 'f')).toEqual({ ...said, file: 'f', sql });
    }),
  );
});

test('a text with any character of its head or SQL gone or changed is refused', () => {
  const text = formatSnapshot(facts, 'CREATE TABLE users (id integer);\n');
  const head = text.indexOf('-- snapshot:');
  const checksum = text.indexOf('"checksum"');
  fc.assert(
    fc.property(fc.integer({ min: checksum, max: text.length - 1 }), fc.boolean(), (at, gone) => {
      const other = text.slice(0, at) + (gone ? '' : '\u0001') + text.slice(at + 1);
      expect(() => parseSnapshot(other, 'f', 'f')).toThrow(
        expect.objectContaining({ code: 'snapshot-damaged' }),
      );
    }),
  );
  for (let length = 0; length < text.length; length++) {
    expect(() => parseSnapshot(text.slice(0, length), 'f', 'f')).toThrow(
      expect.objectContaining({ code: 'snapshot-damaged' }),
    );
  }
  expect(head).toBeGreaterThan(0);
});

test('one of a later version is told apart from a damaged one', () => {
  const later = formatSnapshot(facts, '').replace('"version":1', '"version":2');
  expect(() => parseSnapshot(later, 'f', 'f')).toThrow(expect.objectContaining({ code: 'snapshot-newer' }));
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-snapshots-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a clock that was set back does not make an older one the newest', async () => {
  await writeSnapshot(folder, 'first', facts, 'SELECT 1;\n');
  const second = await writeSnapshot(folder, 'second', { ...facts, takenAt: '2020-01-01T00:00:00.000Z' }, '');
  expect(readdirSync(folder).sort()).toEqual(['20261120141500_first.sql', '20261120141501_second.sql']);
  expect(await newestSnapshot(folder, facts)).toEqual(second);
});

test('ten at once: each has a file of its own or none, and none is lost or cut short', async () => {
  const written = await Promise.all(
    Array.from({ length: 10 }, (_, n) => writeSnapshot(folder, 'same', facts, `SELECT ${n};\n`)),
  );
  const there = written.filter((snapshot) => snapshot !== undefined);
  expect(there.length).toBeGreaterThan(0);
  expect(readdirSync(folder).sort()).toEqual(there.map(({ file }) => file).sort());
  for (const { file, sql } of there) {
    const path = join(folder, file);
    expect(parseSnapshot(readFileSync(path, 'utf8'), file, path).sql).toBe(sql);
  }
});

test('other databases, environments and files do not count; a newer one that is damaged does', async () => {
  const mine = await writeSnapshot(folder, 'mine', facts, '');
  await writeSnapshot(folder, 'other', { ...facts, database: 'other' }, '');
  await writeSnapshot(folder, 'production', { ...facts, environment: 'production' }, '');
  writeFileSync(join(folder, 'notes.sql'), 'SELECT 1;');
  writeFileSync(join(folder, '20000101000000_old.sql'), 'damaged');
  expect(await newestSnapshot(folder, facts)).toEqual(mine);
  expect(await newestSnapshot(join(folder, 'none'), facts)).toBeUndefined();
  writeFileSync(join(folder, '20991231000000_new.sql'), 'damaged');
  await expect(newestSnapshot(folder, facts)).rejects.toMatchObject({ code: 'snapshot-damaged' });
});
