import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planStatements } from '../../src/schema/plan.js';
import { planBothWays, planChanges } from '../../src/schema/planner.js';
import { toyDialect, toySchema } from './toy-dialect.js';

const sqlOf = (from: readonly string[], to: readonly string[]) =>
  planStatements(planChanges(toySchema(...from), toySchema(...to), toyDialect));

const cases: { name: string; from: string[]; to: string[]; sql: string[] }[] = [
  { name: 'equal schemas need nothing', from: ['table:a'], to: ['table:a'], sql: [] },
  {
    name: 'parts are written inside their table',
    from: [],
    to: ['table:a', 'column:a.x', 'column:a.y'],
    sql: ['create a(a.x, a.y)'],
  },
  {
    name: 'a referenced table comes first, against the alphabet',
    from: [],
    to: ['table:a', 'key:a.fk -> table:z', 'table:z'],
    sql: ['create z', 'create a(a.fk)'],
  },
  {
    name: 'of two tables that need each other only one gives up its key',
    from: [],
    to: ['table:a', 'key:a.fk -> table:b', 'table:b', 'key:b.fk -> table:a'],
    sql: ['create a', 'create b(b.fk)', 'create a.fk'],
  },
  {
    name: 'a table that references itself keeps its key',
    from: [],
    to: ['table:a', 'column:a.id', 'key:a.fk -> column:a.id'],
    sql: ['create a(a.id, a.fk)'],
  },
  {
    name: 'tables that need each other are dropped after one key',
    from: ['table:a', 'key:a.fk -> table:b', 'table:b', 'key:b.fk -> table:a'],
    to: [],
    sql: ['drop b.fk', 'drop a', 'drop b'],
  },
  {
    name: 'an index follows its table before the next table',
    from: [],
    to: ['table:a', 'index:a.i', 'table:b', 'index:b.i'],
    sql: ['create a', 'create a.i', 'create b', 'create b.i'],
  },
  {
    name: 'a view makes room while a column under it changes its type, and so does the view above it',
    from: ['table:a', 'column:a.x{"type":1}', 'view:v -> column:a.x', 'view:w -> view:v'],
    to: ['table:a', 'column:a.x{"type":2}', 'view:v -> column:a.x', 'view:w -> view:v'],
    sql: ['drop w', 'drop v', 'alter a.x', 'create v', 'create w'],
  },
  {
    name: 'a change that bothers nobody leaves the view alone',
    from: ['table:a', 'column:a.x{"n":1}', 'view:v -> column:a.x'],
    to: ['table:a', 'column:a.x{"n":2}', 'view:v -> column:a.x'],
    sql: ['alter a.x'],
  },
  {
    name: 'what hangs on a replaced object comes back with it',
    from: ['view:v{"sql":1}', 'index:v.i -> view:v'],
    to: ['view:v{"sql":2}', 'index:v.i -> view:v'],
    sql: ['drop v', 'create v', 'create v.i'],
  },
  {
    name: 'a name is free before it is taken',
    from: ['table:x'],
    to: ['view:x'],
    sql: ['drop x', 'create x'],
  },
  {
    name: 'a reference is released before its target goes',
    from: ['table:a', 'column:a.x{"n":1} -> type:t', 'type:t'],
    to: ['table:a', 'column:a.x{"n":2}'],
    sql: ['alter a.x', 'drop t'],
  },
  {
    name: 'a table may take all changes of its parts over; what looks at it makes room, and what looks at that',
    from: [
      'table:a',
      'column:a.x{"n":1}',
      'column:a.y',
      'index:a.i',
      'view:v -> column:a.y',
      'view:w -> view:v',
    ],
    to: [
      'table:a',
      'column:a.x{"n":2,"whole":1}',
      'column:a.z',
      'index:a.i -> column:a.z',
      'view:v -> table:a',
      'view:w -> view:v',
    ],
    sql: ['drop a.i', 'drop w', 'drop v', 'remake a(a.x, a.y, a.z)', 'create a.i', 'create v', 'create w'],
  },
  {
    name: 'a key of another table does not mind',
    from: ['table:a', 'column:a.x{"n":1}', 'table:b', 'key:b.fk -> table:a column:a.x'],
    to: ['table:a', 'column:a.x{"n":2,"whole":1}', 'table:b', 'key:b.fk -> table:a column:a.x'],
    sql: ['remake a(a.x)'],
  },
  {
    name: 'two tables are each made anew once, a view over both is dropped once',
    from: ['table:a', 'column:a.x', 'table:b', 'column:b.x', 'view:v -> table:a table:b'],
    to: ['table:a', 'column:a.x{"whole":1}', 'table:b', 'column:b.x{"whole":1}', 'view:v -> table:a table:b'],
    sql: ['drop v', 'remake a(a.x)', 'remake b(b.x)', 'create v'],
  },
  {
    name: 'two tables made anew may point at each other: a key can be without what it points to',
    from: ['table:a', 'table:b'],
    to: ['table:a', 'key:a.fk{"whole":1} -> table:b', 'table:b', 'key:b.fk{"whole":1} -> table:a'],
    sql: ['remake a(a.fk)', 'remake b(b.fk)'],
  },
  {
    name: 'a key stays as it is while what it points to goes for good',
    from: ['table:a', 'key:a.fk -> table:b', 'table:b'],
    to: ['table:a', 'key:a.fk'],
    sql: ['drop b'],
  },
  {
    name: 'parts that ask for nothing of the kind go their own way',
    from: ['table:a', 'column:a.x{"n":1}'],
    to: ['table:a', 'column:a.x{"n":2}', 'column:a.y'],
    sql: ['alter a.x', 'create a.y'],
  },
  {
    name: 'what is new comes before what goes',
    from: ['table:a', 'column:a.old'],
    to: ['table:a', 'column:a.new'],
    sql: ['create a.new', 'drop a.old'],
  },
];

describe('planChanges', () => {
  it.each(cases)('$name', ({ from, to, sql }) => {
    expect(sqlOf(from, to)).toEqual(sql);
  });

  it('names the steps of a cycle that cannot be cut', () => {
    expect(() => sqlOf([], ['view:a -> view:b', 'view:b -> view:a'])).toThrow(/create view a.*create view b/);
  });

  it('gives each step the SQL that undoes it', () => {
    const { up, down } = planBothWays(toySchema(), toySchema('table:a', 'index:a.i'), toyDialect);
    expect(up.steps.map((step) => step.reverse)).toEqual([['drop a'], []]);
    expect(planStatements(down)).toEqual(['drop a']);
  });

  it('does not share a transaction with what needs a commit first', () => {
    const before = ['type:t{"commit":true,"v":1}', 'table:a'];
    const grown = 'type:t{"commit":true,"v":2}';
    expect(planChanges(toySchema(...before), toySchema(grown, 'table:a'), toyDialect).transactional).toBe(
      true,
    );
    expect(
      planChanges(toySchema(...before), toySchema(grown, 'table:a', 'column:a.x -> type:t'), toyDialect)
        .transactional,
    ).toBe(false);
  });

  it('creates before use and drops after it, for any schemas, and always the same way', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const schema = fc
      .uniqueArray(fc.record({ name: fc.constantFrom(...names), needs: fc.subarray(names) }), {
        selector: (t) => t.name,
      })
      .map((tables) => {
        const present = new Set(tables.map((table) => table.name));
        return tables.flatMap((table) => [
          `table:${table.name}`,
          ...table.needs.filter((n) => present.has(n)).map((n) => `key:${table.name}.to_${n} -> table:${n}`),
        ]);
      });
    fc.assert(
      fc.property(schema, schema, (from, to) => {
        const statements = sqlOf(from, to);
        const exists = new Set(from);
        const ids = (list: readonly string[]) => new Set(list.map((line) => line.split(' ')[0]!));
        const state = ids([...exists]);
        for (const sql of statements) {
          const [, verb, name, parts] = /^(\w+) ([\w.]+)(?:\((.*)\))?$/.exec(sql)!;
          const id = name!.includes('.') ? `key:${name}` : `table:${name}`;
          if (verb === 'create') {
            for (const made of [id, ...(parts ? parts.split(', ').map((part) => `key:${part}`) : [])]) {
              state.add(made);
              const target = /\.to_(\w)$/.exec(made)?.[1];
              if (target) expect(state).toContain(`table:${target}`);
            }
          } else {
            state.delete(id);
            for (const key of [...state]) {
              if (key.startsWith(`key:${name}.`)) state.delete(key);
              // Nothing may still point at a table that is gone.
              if (!name!.includes('.')) expect(state.has(key) && key.endsWith(`.to_${name}`)).toBe(false);
            }
          }
        }
        expect([...state].sort()).toEqual([...ids(to)].sort());
        expect(sqlOf([...from].reverse(), [...to].reverse())).toEqual(statements);
      }),
    );
  });
});
