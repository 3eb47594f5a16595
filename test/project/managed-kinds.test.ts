import { expect, test } from 'vitest';
import { kindsWithout } from '../../src/project/managed-kinds.js';
import { validateConfig } from '../../src/project/validate-config.js';

test('what is false is left alone, and nothing else', () => {
  const config: Readonly<Record<string, boolean>> = { privileges: false, owners: true };
  expect(kindsWithout((key) => config[key])).toEqual(['privileges', 'default-privileges']);
});

test('an environment may say it, and only true or false will do', () => {
  const file = 'tidemark.config.ts';
  expect(() => validateConfig({ environments: { local: { owners: false } } }, file)).not.toThrow();
  expect(() => validateConfig({ comments: 'no' }, file)).toThrow(
    '"comments" must be true or false, not a string',
  );
});
