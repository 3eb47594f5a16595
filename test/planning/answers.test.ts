import { expect, it } from 'vitest';
import { parseAnswers } from '../../src/planning/answers.js';

it('reads what a file answers', () => {
  const text =
    '\uFEFF{ "rename": { "users.nick": "nickname" }, "notRenamed": ["a.b"], "allow": ["drop-table:logs"] }';
  expect(parseAnswers(text, 'ci.json')).toEqual({
    file: 'ci.json',
    renames: [
      { from: 'users.nick', to: 'nickname', source: 'ci.json: "users.nick": "nickname"', required: true },
    ],
    notRenamed: ['a.b'],
    allow: ['drop-table:logs'],
    conversions: [],
  });
  expect(parseAnswers('{ "using": { "users.age": " age::int " } }', 'ci.json').conversions).toEqual([
    { name: 'users.age', expression: 'age::int', source: 'ci.json: "using": "users.age"', required: true },
  ]);
  expect(parseAnswers('{}', 'ci.json')).toMatchObject({ renames: [], notRenamed: [], allow: [] });
});

it.each([
  ['{', 'is no JSON'],
  ['[]', 'holds no object'],
  ['{"renames": {}}', '"renames"'],
  ['{"rename": ["a=b"]}', 'no object of old and new names'],
  ['{"rename": {"a": 1}}', 'renames "a" to no name'],
  ['{"notRenamed": "a"}', 'no list of names'],
  ['{"using": ["a=b"]}', 'no object of columns and expressions'],
  ['{"using": {"a.b": " "}}', 'no expression for "a.b"'],
  ['{"allow": [""]}', 'no list of what --allow takes'],
])('refuses %s', (text, message) => {
  expect(() => parseAnswers(text, 'ci.json')).toThrow(
    expect.objectContaining({
      code: 'answers-invalid',
      exitCode: 2,
      message: expect.stringContaining(message),
    }),
  );
});
