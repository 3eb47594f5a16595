import { expect, test } from 'vitest';
import type { Step } from '../../src/schema/plan.js';
import { arranged, StepGraph } from '../../src/schema/step-graph.js';

/** A step by its name; one in capitals shares no transaction. */
function step(name: string, facts: Partial<Step> = {}): Step {
  return {
    action: 'alter',
    object: name,
    touches: [name],
    summary: name,
    sql: [name],
    reverse: [],
    hazards: [],
    transactional: true,
    commitAfter: false,
    ...(name === name.toUpperCase() ? { apart: true } : {}),
    ...facts,
  };
}

const graph = (names: string, after: Readonly<Record<number, readonly number[]>> = {}): StepGraph =>
  new StepGraph(
    [...names].map((name) => step(name)),
    [...names].map((_, index) => ({ after: after[index] ?? [] })),
  );

const order = (steps: readonly Step[]): string => steps.map(({ object }) => object).join('');

test('steps that share a transaction come together where nothing stands between them', () => {
  expect(order(arranged(graph('aBcD'), () => false))).toBe('acBD');
  expect(order(arranged(graph('aBcD', { 2: [1] }), () => false))).toBe('BDac');
  expect(order(arranged(graph('Abc', { 1: [0] }), () => false))).toBe('Abc');
});

test('what only needs a commit begins a segment of its own', () => {
  const steps = ['a', 'b', 'c'].map((name) => step(name, { commitAfter: name === 'a' }));
  const needs = new StepGraph(steps, [{ after: [] }, { after: [0] }, { after: [] }]);
  const result = arranged(needs, () => true);
  expect(order(result)).toBe('acb');
  expect(result.map(({ commitBefore }) => commitBefore === true)).toEqual([false, false, true]);
});

test('two steps become one unless a step has to stand between them', () => {
  const blocked = graph('abc', { 1: [0], 2: [0, 1] });
  expect(blocked.joinInto(blocked.nodes[2]!, blocked.nodes[0]!)).toBe(false);
  expect(blocked.nodes).toHaveLength(3);

  const free = graph('abcd', { 1: [0], 2: [0], 3: [2] });
  expect(free.joinInto(free.nodes[2]!, free.nodes[0]!)).toBe(true);
  expect(order(free.nodes.map((node) => node.step))).toBe('cbd');

  const wished = new StepGraph(
    ['a', 'b', 'c'].map((name) => step(name)),
    [{ after: [] }, { after: [0], wished: [0] }, { after: [0, 1] }],
  );
  expect(wished.joinInto(wished.nodes[2]!, wished.nodes[0]!)).toBe(false);
  expect(wished.joinInto(wished.nodes[2]!, wished.nodes[0]!, true)).toBe(true);
  expect(order(wished.nodes.map((node) => node.step))).toBe('bc');
});

test('a step put behind another holds up only what has to wait for it', () => {
  const split = graph('abc', { 1: [0], 2: [0] });
  split.insertBehind(split.nodes[0]!, step('X'), ({ step: later }) => later.object === 'c');
  expect(order(arranged(split, () => false))).toBe('abXc');
});
