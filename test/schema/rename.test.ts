import { describe, expect, it } from 'vitest';
import { TidemarkError } from '../../src/errors.js';
import {
  likelyRenames,
  parseRenameFlag,
  type Rename,
  similarity,
  unansweredRenames,
} from '../../src/schema/rename.js';
import { resolveRenames } from '../../src/schema/resolve-renames.js';
import { followingRenames } from '../../src/schema/unasked-renames.js';
import { toyDialect, toySchema } from './toy-dialect.js';

const told = (renames: readonly Rename[]) =>
  renames.map(({ before, after }) => `${before.id} -> ${after.id}`);
const likely = (from: string[], to: string[]) =>
  told(likelyRenames(toySchema(...from), toySchema(...to), toyDialect));
const resolved = (flags: string[], from: string[], to: string[]) =>
  told(resolveRenames(flags.map(parseRenameFlag), toySchema(...from), toySchema(...to), toyDialect));

const users = ['table:users', 'column:users.id{"type":"int"}'];

describe('likelyRenames', () => {
  it.each([
    {
      name: 'the same type and a similar name',
      from: [...users, 'column:users.nick{"type":"text"}'],
      to: [...users, 'column:users.nickname{"type":"text"}'],
      renames: ['column:users.nick -> column:users.nickname'],
    },
    {
      name: 'another length is no other type',
      from: [...users, 'column:users.nick{"type":"character varying(40)"}'],
      to: [...users, 'column:users.nickname{"type":"character varying(60)"}'],
      renames: ['column:users.nick -> column:users.nickname'],
    },
    {
      name: 'another type is another column',
      from: [...users, 'column:users.nick{"type":"text"}'],
      to: [...users, 'column:users.nickname{"type":"int"}'],
      renames: [],
    },
    {
      name: 'another name is another column',
      from: [...users, 'column:users.avatar{"type":"text"}'],
      to: [...users, 'column:users.bio{"type":"text"}'],
      renames: [],
    },
    {
      name: 'a column of another table is another column',
      from: [...users, 'table:b', 'column:users.nick{"type":"text"}'],
      to: [...users, 'table:b', 'column:b.nick{"type":"text"}'],
      renames: [],
    },
    {
      name: 'a table with the same columns and a similar name',
      from: ['table:users', 'column:users.id{"type":"int"}'],
      to: ['table:app_users', 'column:app_users.id{"type":"int"}'],
      renames: ['table:users -> table:app_users'],
    },
    {
      name: 'each name is used once, by its best match',
      from: [...users, 'column:users.name{"type":"text"}', 'column:users.name2{"type":"text"}'],
      to: [...users, 'column:users.name_2{"type":"text"}'],
      renames: ['column:users.name2 -> column:users.name_2'],
    },
  ])('$name', ({ from, to, renames }) => {
    expect(likely(from, to)).toEqual(renames);
  });
});

describe('resolveRenames', () => {
  const from = [...users, 'column:users.nick{"type":"text"}'];
  const to = [...users, 'column:users.display{"type":"text"}'];

  it('takes full names and names within the table', () => {
    expect(resolved(['users.nick=users.display'], from, to)).toEqual([
      'column:users.nick -> column:users.display',
    ]);
    expect(resolved(['users.nick=display'], from, to)).toEqual(['column:users.nick -> column:users.display']);
  });

  it('finds a column under its renamed table', () => {
    expect(
      resolved(['users.nick=people.display', 'users=people'], from, [
        'table:people',
        'column:people.id{"type":"int"}',
        'column:people.display{"type":"text"}',
      ]),
    ).toEqual(['table:users -> table:people', 'column:users.nick -> column:people.display']);
  });

  const twoColumns = [...to, 'column:users.other{"type":"text"}'];

  it('takes once what is said twice', () => {
    const comment = { from: 'users.nick', to: 'users.display', source: 'schema.sql:3', required: false };
    const flag = parseRenameFlag('users.nick=display');
    for (const hints of [
      [flag, comment],
      [comment, flag],
      [flag, flag],
    ])
      expect(told(resolveRenames(hints, toySchema(...from), toySchema(...to), toyDialect))).toEqual([
        'column:users.nick -> column:users.display',
      ]);
  });

  it('refuses two flags that contradict each other; over a comment the flag wins', () => {
    expect(() => resolved(['users.nick=display', 'users.nick=other'], from, twoColumns)).toThrow(
      /--rename users\.nick=other contradicts another answer: .*nick becomes .*display/,
    );
    const comment = { from: 'users.nick', to: 'users.other', source: 'schema.sql:3', required: false };
    const hints = [parseRenameFlag('users.nick=display'), comment];
    expect(told(resolveRenames(hints, toySchema(...from), toySchema(...twoColumns), toyDialect))).toEqual([
      'column:users.nick -> column:users.display',
    ]);
  });

  it('refuses a flag that fits nothing, with what goes and comes', () => {
    const error = (() => {
      try {
        resolved(['users.nik=display'], from, to);
      } catch (caught) {
        return caught as TidemarkError;
      }
    })();
    expect(error).toBeInstanceOf(TidemarkError);
    expect(error?.exitCode).toBe(2);
    expect(error?.hints.join(' ')).toContain('column users.nick');
  });

  it('lets a comment that is over be', () => {
    const hint = { from: 'users.gone', to: 'users.other', source: 'schema.sql:3', required: false };
    expect(resolveRenames([hint], toySchema(...from), toySchema(...to), toyDialect)).toEqual([]);
  });
});

describe('followingRenames', () => {
  it('renames what only changed its name and holds no data', () => {
    const from = toySchema('table:a', 'index:a.old{"on":"x"}');
    const to = toySchema('table:a', 'index:a.new{"on":"x"}');
    expect(told(followingRenames(from, to, toyDialect))).toEqual(['index:a.old -> index:a.new']);
  });

  it('leaves a real difference alone', () => {
    const from = toySchema('table:a', 'index:a.old{"on":"x"}');
    const to = toySchema('table:a', 'index:a.new{"on":"y"}');
    expect(followingRenames(from, to, toyDialect)).toEqual([]);
  });
});

describe('parseRenameFlag', () => {
  it.each(['', 'a', 'a=', '=b', 'a=b=c'])('refuses %j', (text) => {
    expect(() => parseRenameFlag(text)).toThrow(TidemarkError);
  });
});

describe('similarity', () => {
  it.each([
    ['nick', 'nick', 1],
    ['nick', 'nickname', 0.8],
    ['full_name', 'fullName', 0.89],
    ['id', 'identity', 0.25],
    ['a', 'b', 0],
  ])('%s and %s', (a, b, expected) => {
    expect(similarity(a, b)).toBeCloseTo(expected, 1);
    expect(similarity(b, a)).toBeCloseTo(expected, 1);
  });
});

it('the error for unanswered renames shows the three ways to answer', () => {
  const before = toySchema('table:users', 'column:users.nick{"type":"text"}').objects.get(
    'column:users.nick',
  )!;
  const after = toySchema('table:users', 'column:users.nickname{"type":"text"}').objects.get(
    'column:users.nickname',
  )!;
  const error = unansweredRenames([{ before, after }], toyDialect);
  expect(error.exitCode).toBe(4);
  expect(error.hints.join('\n')).toMatch(
    /--rename users\.nick=.*\n.*tidemark:renamed-from.*\n.*--not-renamed users\.nick/,
  );
});
