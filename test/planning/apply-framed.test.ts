import { expect, it } from 'vitest';
import type { TidemarkError } from '../../src/errors.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import { applyPlan } from '../../src/planning/apply-plan.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { memory, plansBetween } from '../sqlite/support.js';

const FROM = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, age TEXT);
  CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER);`;
const TO = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, age INTEGER);
  CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id));
  CREATE UNIQUE INDEX emails ON users (email);`;

it('asks every question of the plan before anything is changed, and says all that fails together', async () => {
  const { up } = await plansBetween(FROM, TO);
  const connection = await memory();
  try {
    await connection.executeAll([
      FROM,
      "INSERT INTO users VALUES (1, NULL, '007'), (2, 'a', '1'), (3, 'a', NULL)",
      'INSERT INTO posts VALUES (1, 9)',
    ]);
    const sent: string[] = [];
    const watched = new Proxy(connection, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          if (name === 'executeAll') sent.push(...(given[0] as string[]));
          return Reflect.apply(value, target, given);
        };
      },
    });
    const error = await applyPlan(watched, up, {
      dialect: sqliteDialect,
      engine: await migrationEngine(watched),
      settings: [],
    }).then(
      () => undefined,
      (caught: unknown) => caught as TidemarkError,
    );
    expect(error).toMatchObject({ code: 'apply-failed', excerpt: undefined, details: { statement: null } });
    const found = error!.details.rows as { table: string; column?: string; rows: number; query: string }[];
    expect(found.map(({ table, column, rows }) => [table, column, rows])).toEqual(
      expect.arrayContaining([
        ['users', 'email', 1],
        ['users', 'age', 1],
        ['users', undefined, 2],
        ['posts', undefined, 1],
      ]),
    );
    expect(found).toHaveLength(4);
    const printed = [error!.message, ...error!.hints].join('\n');
    for (const { query } of found) expect(printed.split(query), query).toHaveLength(2);
    expect(sent.filter((sql) => /^(create|alter|drop|insert|update|delete)\b/i.test(sql))).toEqual([]);
    expect(await connection.query('SELECT count(*) AS n FROM users')).toEqual([{ n: 3 }]);
  } finally {
    await connection.close();
  }
});
