import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { diffSchemas } from '../../src/schema/diff.js';
import type { SchemaObject } from '../../src/schema/object.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { quoteName } from '../../src/sqlite/names.js';
import { normalSql } from '../../src/sqlite/normal-sql.js';
import { memory } from './support.js';

/** `npm run test:long` asks for more. */
const RUNS = Number(process.env.TIDEMARK_SQLITE_PAIRS ?? 300);

const GROUND = `
  CREATE TABLE "t t" (a INTEGER PRIMARY KEY, "b b" TEXT, [select] INT, \`Größe\` REAL);
  CREATE TABLE u (x INTEGER, a TEXT, key INT);
  CREATE VIEW seen AS SELECT a, x FROM u`;

/** Writes an object from its facts alone: nothing of the text that it was read from. */
function fromFacts({ kind, name, props, info }: SchemaObject): string {
  if (kind === 'index') {
    const { unique, terms, where } = props as { unique: boolean; terms: string[]; where: string | null };
    const condition = where === null ? '' : ` WHERE ${where}`;
    return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${quoteName(name)} ON ${quoteName(String(info.owner))} (${terms.join(', ')})${condition}`;
  }
  return `CREATE ${kind.toUpperCase()} ${quoteName(name)} ${String(props.definition)}`;
}

/** What the engine itself says: how it keeps each index, and what the columns of each view are called. */
async function engineSays(connection: Connection): Promise<unknown> {
  const indexes = await connection.query(
    `SELECT s.name AS of, i."unique", i.partial, x.seqno, x.cid, x.name, x."desc", lower(x.coll) AS coll, x.key
     FROM sqlite_schema AS s, pragma_index_list(s.name) AS i, pragma_index_xinfo(i.name) AS x
     WHERE s.type = 'table' ORDER BY i.name, x.seqno`,
  );
  const views = await connection.query<{ of: string; name: string }>(
    `SELECT s.name AS of, x.name FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS x
     WHERE s.type = 'view' ORDER BY 1, x.cid`,
  );
  // A column without an alias is called after its expression, as that was written, with a number where it is not the first.
  return { indexes, views: views.map((row) => ({ ...row, name: normalSql(row.name.replace(/:\d+$/, '')) })) };
}

/** Reads what a statement made, makes it again elsewhere from the facts, and compares all facts and what the engine says. */
async function faithful(sql: string): Promise<void> {
  const [original, copy] = [await memory(), await memory()];
  try {
    await original.executeAll([GROUND, sql]);
    const read = await sqliteDialect.readSchema(original);
    expect(read.unmanaged, sql).toEqual([]);
    await copy.executeAll([GROUND]);
    const there = await sqliteDialect.readSchema(copy);
    const made = [...read.objects.values()].filter(({ id }) => !there.objects.has(id));
    expect(made, sql).toHaveLength(1);
    const written = fromFacts(made[0]!);
    await copy.executeAll([written]).catch((error: Error) => {
      throw new Error(`${error.message}\n${sql}\n${written}`, { cause: error });
    });
    const again = await sqliteDialect.readSchema(copy);
    expect(diffSchemas(read, again, sqliteDialect), `${sql}\n${written}`).toEqual([]);
    expect(again.objects.get(made[0]!.id)!.dependsOn, `${sql}\n${written}`).toEqual(made[0]!.dependsOn);
    expect(await engineSays(copy), `${sql}\n${written}`).toEqual(await engineSays(original));
  } finally {
    await original.close();
    await copy.close();
  }
}

async function isAccepted(sql: string): Promise<boolean> {
  const engine = await memory();
  try {
    await engine.executeAll([GROUND, sql]);
    // A view is compiled when it is looked at.
    await engineSays(engine);
    return true;
  } catch {
    return false;
  } finally {
    await engine.close();
  }
}

const pick = (...texts: string[]) => fc.constantFrom(...texts);
const name = pick('i', '"we;ird ""i"""', '[i i]', '`key`', '"SELECT"', 'Ünïcode', "'quoted'");
const maybe = (...texts: string[]) => pick('', ...texts);

/** Expressions over the columns of `"t t"`. */
const expression = pick(
  'a',
  '"b b"',
  '[select]',
  '`Größe`',
  'A',
  '"B B"',
  'lower( "b b" )',
  '(a + 1) * -2',
  "a || 'x,); -- no'",
  "CASE WHEN a > 1 THEN 'it''s' ELSE \"b b\" END",
  'CAST(a AS VARCHAR ( 10 ))',
  'json_extract("b b", \'$.x\')',
  '"b b" ->> \'$.x\'',
  '"b b" COLLATE NOCASE',
  "x'AB' || a",
  '1E3 + 0X1F + .5',
  "\"b b\" LIKE 'a!%' ESCAPE '!'",
  'a IS NOT NULL',
  'a NOT IN (1, 2)',
  'a BETWEEN 1 AND 2',
  '~a << 2 >= 3 <> 1',
  'a == 1 AND NOT [select] != 2',
);

const index = fc
  .record({
    unique: maybe('UNIQUE'),
    exists: maybe('IF NOT EXISTS'),
    place: maybe('main.'),
    name,
    terms: fc.array(
      fc
        .tuple(expression, maybe('COLLATE rtrim', 'COLLATE "NOCASE"'), maybe('ASC', 'DESC'))
        .map((words) => words.join(' ')),
      { minLength: 1, maxLength: 3 },
    ),
    where: fc.option(expression),
  })
  .map(
    (part) =>
      `CREATE ${part.unique} INDEX ${part.exists} ${part.place}${part.name} ON "t t" ( ${part.terms.join(' , ')} ) ${part.where === null ? '' : `WHERE ${part.where}`}`,
  );

const select = fc
  .record({
    items: fc.array(
      fc.tuple(expression, maybe('AS z', 'AS "Z z"', "AS 'text'", '[bare]')).map((words) => words.join(' ')),
      { minLength: 1, maxLength: 3 },
    ),
    distinct: maybe('DISTINCT', 'ALL'),
    from: pick(
      '"t t"',
      'main."t t"',
      '[t t] AS m',
      '"t t" NATURAL JOIN ( SELECT x FROM u )',
      '"t t" LEFT OUTER JOIN ( SELECT key FROM u ) AS w ON w.key = [select]',
      "\"t t\" , ( VALUES (1, 'a'), (2, 'b') )",
      '( SELECT * FROM "t t" ) "sub"',
    ),
    where: fc.option(expression),
    group: maybe('GROUP BY a HAVING count(*) > 1', 'GROUP BY 1'),
  })
  .map(
    ({ items, distinct, from, where, group }) =>
      `SELECT ${distinct} ${items.join(' , ')} FROM ${from} ${where === null ? '' : `WHERE ${where}`} ${group}`,
  );

const view = fc
  .record({
    exists: maybe('IF NOT EXISTS'),
    name,
    columns: maybe('(p)', '( "p p" , [q] )', "( 'p' , `Q` , r )"),
    first: maybe(
      'WITH c AS ( SELECT 1 AS one )',
      'WITH RECURSIVE "c c" ( n ) AS NOT MATERIALIZED ( SELECT 1 UNION ALL SELECT n + 1 FROM "c c" LIMIT 3 )',
    ),
    parts: fc.array(select, { minLength: 1, maxLength: 2 }),
    joined: pick('UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT'),
    last: maybe('ORDER BY 1 DESC NULLS LAST', 'ORDER BY 1 COLLATE nocase LIMIT 3 OFFSET 1', 'LIMIT 1 , 2'),
  })
  .map(
    (part) =>
      `CREATE VIEW ${part.exists} ${part.name} ${part.columns} AS ${part.first} ${part.parts.join(` ${part.joined} `)} ${part.last}`,
  );

const action = pick(
  'UPDATE "t t" SET "b b" = new.a , [select] = 1 WHERE a IS old.a',
  'UPDATE OR IGNORE u SET ( x , key ) = ( SELECT a , 1 FROM "t t" ) WHERE key IN ( 1 , 2 )',
  "INSERT INTO u ( x , a ) VALUES ( NEW.a , '; END' ) , ( 1 , 'x' )",
  'INSERT OR REPLACE INTO u SELECT a , "b b" , 1 FROM "t t"',
  'INSERT INTO u ( x ) VALUES ( 1 ) ON CONFLICT DO NOTHING',
  'DELETE FROM u WHERE EXISTS ( SELECT 1 FROM "t t" AS q WHERE q.a = u.x )',
  "SELECT RAISE ( ABORT , 'no; END' ) WHERE old.a > 1",
  'SELECT CASE WHEN 1 THEN 2 END',
);

const trigger = fc
  .record({
    exists: maybe('IF NOT EXISTS'),
    name,
    on: fc.oneof(
      fc
        .tuple(
          maybe('BEFORE', 'AFTER'),
          pick('INSERT', 'DELETE', 'UPDATE', 'UPDATE OF a', 'UPDATE OF [select] , "b b"'),
        )
        .map(([when, event]) => `${when} ${event} ON "t t"`),
      pick('INSTEAD OF INSERT ON seen', 'INSTEAD OF UPDATE OF a ON "SEEN"', 'INSTEAD OF DELETE ON main.seen'),
    ),
    each: maybe('FOR EACH ROW'),
    when: maybe('WHEN new.a > 1', "WHEN ( old.a IS NOT 'END' )", 'WHEN new.a IS NOT old.a'),
    body: fc.array(action, { minLength: 1, maxLength: 3 }),
  })
  .map(
    (part) =>
      `CREATE TRIGGER ${part.exists} ${part.name} ${part.on} ${part.each} ${part.when} BEGIN ${part.body.join(' ; ')} ; END`,
  );

/** The same statement with other white space and comments between its words, and keywords in another case. */
function respelled(statement: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const gap = pick(' ', '  ', '\n', '\t', ' /* , ) ; END */ ', " -- it's\n", '\r\n');
  return fc
    .tuple(statement, fc.array(gap, { minLength: 1, maxLength: 7 }), fc.boolean())
    .map(([sql, gaps, lower]) => {
      let at = 0;
      return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`|\b[A-Z]{2,}\b| +/g, (part) => {
        if (part.startsWith(' ')) return gaps[at++ % gaps.length]!;
        return lower && /^[A-Z]/.test(part) ? part.toLowerCase() : part;
      });
    });
}

describe('what is read, written again from the facts and read again', () => {
  it.each([
    ['an index', index],
    ['a view', view],
    ['a trigger', trigger],
  ])(
    'is the same %s, for the engine too',
    async (_, statement) => {
      let accepted = 0;
      await fc.assert(
        fc.asyncProperty(respelled(statement), async (sql) => {
          fc.pre(await isAccepted(sql));
          accepted += 1;
          await faithful(sql);
        }),
        { numRuns: RUNS, maxSkipsPerRun: 50 },
      );
      expect(accepted).toBeGreaterThanOrEqual(RUNS);
    },
    RUNS * 1_000,
  );
});
