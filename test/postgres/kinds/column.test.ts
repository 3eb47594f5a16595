import { expect, it } from 'vitest';
import { columnKind } from '../../../src/postgres/kinds/column.js';

// PostgreSQL 15.20 and its siblings write this option into every column; older servers refuse it in SQL.
it.each([
  [['pg_attver=7'], []],
  [['n_distinct=5', 'pg_attver=12'], ['n_distinct=5']],
  [null, []],
])('column options %j are read as %j', (options, expected) => {
  const extra = {
    collation: null,
    generated: '',
    storage: null,
    compression: '',
    statistics: -1,
    options,
  };
  const row = {
    classid: 1259,
    objid: 20000,
    objsubid: 1,
    name: 'a',
    type: 'text',
    nn: false,
    identity: null,
    extra,
  };
  const column = columnKind.read(row, 150020, () => 'table:public.t');
  expect(column).toMatchObject({ id: 'column:public.t.a', props: { options: expected } });
});
