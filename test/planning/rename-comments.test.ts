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
    ['nothing to hang on', '-- tidemark:renamed-from nick\n', []],
  ])('%s', (_, sql, expected) => {
    expect(hints(sql)).toEqual(expected);
  });
});
