import { describe, expect, it } from 'vitest';
import { plainName, qualified, quoteIdent, quoteLiteral } from '../../src/postgres/identifiers.js';
import { objectId, objectPath } from '../../src/schema/object.js';
import { describeEachServer } from '../support/postgres-server.js';
import { useScratch } from './scratch.js';

const NAMES = [
  'a',
  'A',
  'a b',
  'a"b',
  "it's",
  '1a',
  '_a1',
  'a$',
  'é',
  'select',
  'user',
  'name',
  'values',
  'json',
  'between',
  'text',
  'we;ird',
  'a.b',
  '',
  '😀',
  'a\\b',
  'a\nb',
];

describeEachServer(
  'names and literals',
  (server) => {
    const scratch = useScratch(server);

    it('are quoted as the server quotes them', async () => {
      for (const name of NAMES) {
        const [row] = await scratch.connection.query<{ ident: string; literal: string }>(
          'SELECT quote_ident($1) AS ident, quote_literal($1) AS literal',
          [name],
        );
        // What later versions reserve is quoted for the older ones too.
        if (name !== 'json') expect(quoteIdent(name)).toBe(row?.ident);
        expect(quoteLiteral(name)).toBe(row?.literal.trimStart());
      }
    });

    it('knows every word the server does not let stand bare', async () => {
      const words = await scratch.connection.query<{ word: string }>(
        `SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'`,
      );
      expect(words.length).toBeGreaterThan(100);
      for (const { word } of words) expect(quoteIdent(word)).toBe(`"${word}"`);
    });
  },
  { embedded: true },
);

describe('qualified names', () => {
  it.each([
    ['public', 'users', 'users', 'users'],
    ['app', 'users', 'app.users', 'app.users'],
    ['public', 'User', '"User"', 'User'],
    ['we;ird', 'a.b', '"we;ird"."a.b"', 'we;ird.a.b'],
    [null, 'x', 'x', 'x'],
  ])('%s, %s', (schema, name, sql, plain) => {
    expect(qualified(schema, name)).toBe(sql);
    expect(plainName(schema, name)).toBe(plain);
  });
});

describe('objectPath', () => {
  it.each([
    [['a']],
    [['public', 'users', 'email']],
    [['we.ird', 'a"b', 'c:d', '']],
    [['', '']],
    [['"', '.', ':']],
  ])('gives back %j', (path) => expect(objectPath(objectId('kind', ...path))).toEqual(path));
});
