import { describe, expect, it } from 'vitest';
import { renameComments } from '../../src/planning/rename-comments.js';

const hints = (sql: string) =>
  renameComments([{ name: 'schema.sql', sql }]).map(({ from, to, source }) => `${from} -> ${to} (${source})`);

describe('renameComments', () => {
  it.each([
    [
      'at the end of a column line',
      'CREATE TABLE users (\n  id int,\n  display text -- tidemark:renamed-from nick\n);',
      ['users.nick -> users.display (schema.sql:3)'],
    ],
    [
      'above a column',
      'create table users (\n  -- tidemark:renamed-from nick\n  -- shown to others\n\n  display text\n);',
      ['users.nick -> users.display (schema.sql:2)'],
    ],
    [
      'above a table',
      '-- tidemark:renamed-from users\nCREATE TABLE IF NOT EXISTS accounts (id int);',
      ['users -> accounts (schema.sql:1)'],
    ],
    [
      'in a schema',
      '-- tidemark:renamed-from users\nCREATE TABLE app.accounts (id int);',
      ['app.users -> app.accounts (schema.sql:1)'],
    ],
    [
      'quoted names',
      'CREATE TABLE "My Table" (\r\n  "Näme" text -- tidemark:renamed-from "Old"\r\n);',
      ['My Table.Old -> My Table.Näme (schema.sql:2)'],
    ],
    [
      'upper case folds',
      'CREATE TABLE Users (\n  Display text -- tidemark:renamed-from NICK\n);',
      ['users.nick -> users.display (schema.sql:2)'],
    ],
    [
      'a value of an enum',
      "CREATE TYPE app.mood AS ENUM (\n  'sad',\n  'very glad' -- tidemark:renamed-from 'very happy'\n);",
      ['app.mood.very happy -> app.mood.very glad (schema.sql:3)'],
    ],
    [
      'a constraint, within its table and alone',
      'CREATE TABLE t (\n  a int,\n  -- tidemark:renamed-from old\n  CONSTRAINT new CHECK (a > 0)\n);\n-- tidemark:renamed-from u_old\nALTER TABLE ONLY app.t ADD CONSTRAINT u UNIQUE (a);',
      ['t.old -> t.new (schema.sql:3)', 'app.t.u_old -> app.t.u (schema.sql:6)'],
    ],
    [
      'an index lives where its table does',
      '-- tidemark:renamed-from old\nCREATE UNIQUE INDEX CONCURRENTLY new ON app.t (a);\nCREATE INDEX b ON t (a); -- tidemark:renamed-from c',
      ['app.old -> app.new (schema.sql:1)', 'c -> b (schema.sql:3)'],
    ],
    [
      'a trigger, a policy, a rule',
      '-- tidemark:renamed-from a\nCREATE CONSTRAINT TRIGGER b\n  AFTER UPDATE OF x ON app.t FOR EACH ROW EXECUTE FUNCTION f();\n-- tidemark:renamed-from p\nCREATE POLICY q ON t;\n-- tidemark:renamed-from r\nCREATE RULE s AS ON INSERT TO t DO NOTHING;',
      ['app.t.a -> app.t.b (schema.sql:1)', 't.p -> t.q (schema.sql:4)', 't.r -> t.s (schema.sql:6)'],
    ],
    [
      'views, functions, types, sequences, schemas',
      [
        'MATERIALIZED VIEW a',
        'OR REPLACE FUNCTION a()',
        'DOMAIN a AS int',
        'SEQUENCE IF NOT EXISTS a',
        'SCHEMA a',
      ]
        .map((what) => `-- tidemark:renamed-from b\nCREATE ${what};`)
        .join('\n'),
      [1, 3, 5, 7, 9].map((line) => `b -> a (schema.sql:${line})`),
    ],
    ['nothing to hang on', '-- tidemark:renamed-from nick\n', []],
  ])('%s', (_, sql, expected) => {
    expect(hints(sql)).toEqual(expected);
  });
});
