import { expect, test } from 'vitest';
import { compileFilter } from '../../src/schema/object-filter.js';

test('a filter leaves whole kinds out, with and without patterns', () => {
  const table = { kind: 'table', id: 'table:public.t' };
  const owner = { kind: 'owner', id: 'owner:table:public.t' };
  const bare = compileFilter({ exclude: [], withoutKinds: ['owner'] }, 'public');
  expect([table, owner].map((one) => bare(one))).toEqual([false, true]);
  const both = compileFilter({ exclude: ['t'], withoutKinds: ['owner'] }, 'public');
  expect([table, owner].map((one) => both(one))).toEqual([true, true]);
  expect(compileFilter({ exclude: [] }, 'public')(owner)).toBe(false);
});
