import { describe, expect, it } from 'vitest';
import { usingComments } from '../../src/planning/using-comments.js';
import { parseUsingFlag } from '../../src/schema/value-conversions.js';

const hints = (sql: string) =>
  usingComments([{ name: 'schema.sql', sql }]).map(
    ({ name, expression, source }) => `${name}: ${expression} (${source})`,
  );

describe('usingComments', () => {
  it.each([
    [
      'at the end of a column line',
      "CREATE TABLE users (\n  id int,\n  age int -- tidemark:using nullif(age, '')::int\n);",
      ["users.age: nullif(age, '')::int (schema.sql:3)"],
    ],
    [
      'above a column, with CRLF',
      'create table app.users (\r\n  -- tidemark:using age::int  \r\n  -- in years\r\n  , age int\r\n);',
      ['app.users.age: age::int (schema.sql:2)'],
    ],
    [
      'quoted names',
      'CREATE TABLE "My Table" (\n  "constraint" int -- tidemark:using "constraint"::int\n);',
      ['My Table.constraint: "constraint"::int (schema.sql:2)'],
    ],
    [
      'behind a rename',
      'CREATE TABLE t (\n  b int -- tidemark:renamed-from a -- tidemark:using b::int\n);',
      ['t.b: b::int (schema.sql:2)'],
    ],
    ['nothing', 'CREATE TABLE t (\n  b int -- tidemark:renamed-from a\n);', []],
  ])('%s', (_, sql, expected) => expect(hints(sql)).toEqual(expected));

  it.each([
    ['CREATE TABLE t (\n  b int -- tidemark:using\n);', /schema.sql:2 says no expression/],
    ['CREATE TABLE t (b int); -- tidemark:using b::int', /schema.sql:1 is about no column/],
    ['CREATE TABLE t (\n  b int,\n  CHECK (b > 0) -- tidemark:using b::int\n);', /schema.sql:3 is about no/],
    ['-- tidemark:using b::int', /is about no column/],
  ])('refuses %s', (sql, message) => {
    expect(() => hints(sql)).toThrow(
      expect.objectContaining({
        code: 'using-invalid',
        exitCode: 2,
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('parseUsingFlag', () => {
  it('takes all behind the first = as the expression', () => {
    expect(parseUsingFlag(' users.ok = age = 1 ')).toEqual({
      name: 'users.ok',
      expression: 'age = 1',
      source: '--using users.ok',
      required: true,
    });
  });
  it.each(['users.age', '=age', 'users.age= '])('refuses %s', (text) => {
    expect(() => parseUsingFlag(text)).toThrow(expect.objectContaining({ code: 'using-invalid' }));
  });
});
