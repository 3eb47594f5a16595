import { expect, test } from 'vitest';
import { endStatement, trimSection } from '../../src/importing/statement-end.js';

test.each([
  ['SELECT 1', 'SELECT 1;'],
  ['SELECT 1;', 'SELECT 1;'],
  ['SELECT 1;  -- done\n', 'SELECT 1;  -- done\n'],
  ['SELECT 1 -- no; end\n', 'SELECT 1; -- no; end\n'],
  ['SELECT 1 /* ; */\n', 'SELECT 1; /* ; */\n'],
  ["SELECT ';'", "SELECT ';';"],
  ["SELECT E'\\';'", "SELECT E'\\';';"],
  ['SELECT ";"\n', 'SELECT ";";\n'],
  ['DO $$ SELECT 1; $$', 'DO $$ SELECT 1; $$;'],
  ['DO $a$ $$; $a$', 'DO $a$ $$; $a$;'],
  ['SELECT a$b$c', 'SELECT a$b$c;'],
  [
    'CREATE TRIGGER t AFTER UPDATE ON a BEGIN SELECT 1; END',
    'CREATE TRIGGER t AFTER UPDATE ON a BEGIN SELECT 1; END;',
  ],
  ['-- only words;\n', '-- only words;\n'],
  ['', ''],
])('the last statement is ended: %j', (given, wanted) => {
  expect(endStatement(given)).toBe(wanted);
  expect(endStatement(wanted)).toBe(wanted);
});

test('a section has no blank lines around it and one line end', () => {
  expect(trimSection('\n  \n  SELECT 1;\n\n SELECT 2;  \n\n')).toBe('  SELECT 1;\n\n SELECT 2;\n');
  expect(trimSection(' \n\n')).toBe('');
});
