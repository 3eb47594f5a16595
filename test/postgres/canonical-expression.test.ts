import { describe, expect, it } from 'vitest';
import { canonicalExpression, inParentheses, topLevelWord } from '../../src/postgres/canonical-expression.js';

describe('canonicalExpression', () => {
  it.each([
    ['a > 0', 'a > 0'],
    [
      "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
      "((s)::text = ANY (ARRAY['a'::text, 'b'::text]))",
    ],
    [
      "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))",
      "((s)::text = ANY (ARRAY['a'::text, 'b'::text]))",
    ],
    // As pg_get_viewdef writes it when it is asked to be pretty.
    [
      "s::text = ANY (ARRAY['a'::character varying, 'b'::character varying]::text[])",
      "s::text = ANY (ARRAY['a'::text, 'b'::text])",
    ],
    ["'a'::character varying::text", "'a'::text"],
    ["('it''s, ]'::character varying)::text", "'it''s, ]'::text"],
    ['(NULL::character varying)::text', 'NULL::text'],
    // A length cuts, so it has to stay.
    ["('abc'::character varying(2))::text", "('abc'::character varying(2))::text"],
    ["'a'::character varying", "'a'::character varying"],
    ["('a'::character varying)::name", "('a'::character varying)::name"],
    ['(ARRAY[1, 2])::bigint[]', 'ARRAY[(1)::bigint, (2)::bigint]'],
    ['(ARRAY[f(a, b), (1 + 2)])::numeric(9,2)[]', 'ARRAY[(f(a, b))::numeric(9,2), ((1 + 2))::numeric(9,2)]'],
    ['(ARRAY[a])::timestamp with time zone[]', 'ARRAY[(a)::timestamp with time zone]'],
    ['(ARRAY[a])::"My.Type"[]', 'ARRAY[(a)::"My.Type"]'],
    ['(ARRAY[a])::app.mood[]', 'ARRAY[(a)::app.mood]'],
    ['ARRAY[1, 2]', 'ARRAY[1, 2]'],
    ['(ARRAY[a])::text', '(ARRAY[a])::text'],
    // The server does the inner arrays one by one; text with them is left alone.
    ['(ARRAY[ARRAY[1], ARRAY[2]])::bigint[]', '(ARRAY[ARRAY[1], ARRAY[2]])::bigint[]'],
    // Inside strings and names nothing is what it looks like.
    [`'(ARRAY[1])::bigint[]'::text`, `'(ARRAY[1])::bigint[]'::text`],
    [`"ARRAY[" = 'x'::text`, `"ARRAY[" = 'x'::text`],
    [
      "(x = ANY ((ARRAY[1])::bigint[])) OR (y = ANY ((ARRAY['a'::character varying])::text[]))",
      "(x = ANY (ARRAY[(1)::bigint])) OR (y = ANY (ARRAY['a'::text]))",
    ],
  ])('%s', (text, canonical) => {
    expect(canonicalExpression(text)).toBe(canonical);
    expect(canonicalExpression(canonical)).toBe(canonical);
  });
});

describe('inParentheses', () => {
  it.each([
    ['a', '(a)'],
    ['(a)', '(a)'],
    ['((a) OR (b))', '((a) OR (b))'],
    ['(a) OR (b)', '((a) OR (b))'],
    ["(a = ')')", "(a = ')')"],
    ["(a = '(') OR (b = ')')", "((a = '(') OR (b = ')'))"],
    ['f(a)', '(f(a))'],
    ['("a(" = 1)', '("a(" = 1)'],
  ])('%s', (expression, wrapped) => expect(inParentheses(expression)).toBe(wrapped));
});

describe('topLevelWord', () => {
  it.each([
    ['(a) WHERE (b)', 'WHERE', 4],
    [`(a) INCLUDE ("WHERE") WHERE (b = ' WHERE ')`, 'WHERE', 22],
    [`((a || ' WITH (x)'))`, 'WITH', -1],
    [`("WITH") WITH (fillfactor='70')`, 'WITH', 9],
  ])('%s', (text, word, offset) => expect(topLevelWord(text, word)).toBe(offset));
});
