import * as fc from 'fast-check';
import { type Roll, THINGS } from './random-things.js';

/** One thing of a random schema: its kind, and the dice that settle everything about it. */
interface Thing {
  readonly kind: number;
  readonly dice: readonly number[];
}

/** What is done to a schema to make the next one of it. */
interface Edit {
  readonly how: 'alter' | 'drop' | 'add' | 'rename' | 'reorder' | 'again';
  readonly at: number;
  readonly die: number;
  readonly value: number;
  readonly thing: Thing;
}

/**
 * A random schema: statements in an order that mostly works. The server refuses some, because what they mention is
 * not there or does not fit; they are to be left out.
 */
export type Candidate = readonly string[];

const DICE = 12;

const thing: fc.Arbitrary<Thing> = fc.record({
  kind: fc.oneof(...THINGS.map(({ weight }, kind) => ({ weight, arbitrary: fc.constant(kind) }))),
  dice: fc.array(fc.nat(999), { minLength: DICE, maxLength: DICE }),
});

const edit: fc.Arbitrary<Edit> = fc.record({
  how: fc.constantFrom('alter', 'alter', 'alter', 'drop', 'add', 'rename', 'reorder', 'again'),
  at: fc.nat(999),
  die: fc.nat(999),
  value: fc.nat(999),
  thing,
});

/** What most of the rest hangs on; nearly always there, in any form. */
const GROUND: readonly (readonly [kind: string, ...naming: readonly number[]])[] = [
  ['schema'],
  ['enum', 0],
  ['domain', 0],
  ['composite', 0],
  ['function'],
  ['function of types'],
  ['trigger function'],
  ['table', 0],
  ['table', 1],
  ['column', 0, 0],
  ['column', 1, 0],
  ['column', 0, 3],
  ['constraint', 0, 0],
  ['view', 0],
];

const ground: fc.Arbitrary<Thing | null>[] = GROUND.map(([kind, ...naming]) =>
  fc.option(fc.array(fc.nat(999), { minLength: DICE, maxLength: DICE }), { freq: 12 }).map(
    (dice) =>
      dice && {
        kind: THINGS.findIndex((one) => one.kind === kind),
        dice: dice.map((number, index) => naming[index] ?? number),
      },
  ),
);

const things = fc
  .tuple(fc.tuple(...ground), fc.array(thing, { minLength: 3, maxLength: 30, size: 'max' }))
  .map(([base, more]) => [...base.filter((one) => one !== null), ...more]);

/**
 * What the words of THINGS are called. Every schema of a pair takes its names from here, so that some are the same;
 * an edit `rename` takes the next.
 */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  t1: ['t1', '"select"', '"T 1"'],
  t2: ['t2', '"we;ird""t"', `"${'long'.repeat(15)}t_2"`],
  t3: ['t3', '"t.3"'],
  c1: ['c1', '"Cé 1"', '"user"'],
  c2: ['c2', '"c""2;"', '"order"'],
  c3: ['c3', `"${'c'.repeat(63)}"`],
  v1: ['v1', '"View 1"'],
  mood1: ['mood1', '"Mood;1"', '"table"'],
  dom1: ['dom1', '"Dom ""1"'],
  pair1: ['pair1', '"Pair--1"'],
  f1: ['f1', '"F(1"', '"lower case"'],
  i1: ['i1', '"/* i */"', `"${'i'.repeat(63)}"`],
  k1: ['k1', '"Key 1"', '"check"'],
  part1: ['part1', '"Part 1"'],
  tf1: ['tf1', '"Touch"'],
  pol1: ['pol1', '"a policy"'],
  trig1: ['trig1', '"before"'],
  s1: ['s1', '"S;1"', '"user"'],
};

interface State {
  readonly things: readonly Thing[];
  readonly names: Readonly<Record<string, number>>;
}

const state: fc.Arbitrary<State> = fc.record({
  things,
  names: fc.dictionary(fc.constantFrom(...Object.keys(NAMES)), fc.nat(2), { maxKeys: 6 }),
});

/** Two schemas that have nothing to do with each other but the names. */
export const unrelated: fc.Arbitrary<readonly Candidate[]> = fc
  .tuple(state, state)
  .map((both) => both.map(render));

/** A schema and what some edits make of it. */
export const related: fc.Arbitrary<readonly Candidate[]> = edited(1);

/** A schema that is edited again and again. */
export const sequence: fc.Arbitrary<readonly Candidate[]> = edited(4);

function edited(steps: number): fc.Arbitrary<readonly Candidate[]> {
  const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
  return fc
    .tuple(state, fc.array(edits, { minLength: Math.min(steps, 2), maxLength: steps }))
    .map(([first, changes]) => {
      const states = [first];
      for (const change of changes) states.push(change.reduce(applied, states.at(-1)!));
      return states.map(render);
    });
}

function applied(before: State, { how, at, die, value, thing }: Edit): State {
  const { things, names } = before;
  const place = things.length === 0 ? 0 : at % things.length;
  const old = things[place];
  if (how === 'rename') {
    const word = Object.keys(NAMES)[at % Object.keys(NAMES).length]!;
    return { things, names: { ...names, [word]: (names[word] ?? 0) + 1 } };
  }
  if (how === 'add' || old === undefined) return { names, things: things.toSpliced(place, 0, thing) };
  if (how === 'drop') return { names, things: things.toSpliced(place, 1) };
  if (how === 'reorder') return { names, things: [...things.toSpliced(place, 1), old] };
  const { naming } = THINGS[old.kind]!;
  const dice =
    how === 'again'
      ? old.dice.map((number, index) => (index < naming ? number : thing.dice[index]!))
      : old.dice.with(naming + (die % (4 - Math.min(naming, 2))), value);
  return { names, things: things.with(place, { ...old, dice }) };
}

function render({ things, names }: State): Candidate {
  const statements = THINGS.flatMap(({ sql }, kind) =>
    things.filter((one) => one.kind === kind).flatMap(({ dice }) => sql(roller(dice))),
  );
  return [...new Set(statements.filter((sql) => sql !== ''))].map((sql) => named(sql, names));
}

function roller(dice: readonly number[]): Roll {
  let next = 0;
  return (...options) => options[(dice[next++] ?? 0) % options.length]!;
}

function named(sql: string, names: State['names']): string {
  return sql.replace(/(?<!["\w])[a-z]+\d\b/g, (word) => {
    const options = NAMES[word];
    return options === undefined ? word : options[(names[word] ?? 0) % options.length]!;
  });
}
