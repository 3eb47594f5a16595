import { describe, expect, test } from 'vitest';
import { TidemarkError } from '../../../src/errors.js';
import { downgradeSteps } from '../../../src/migrations/graph/downgrade-steps.js';
import { resolveRevision } from '../../../src/migrations/graph/resolve-revision.js';
import type { RevisionGraph } from '../../../src/migrations/graph/revision-graph.js';
import { parseRange, revisionsIn } from '../../../src/migrations/graph/revision-range.js';
import { stampPlace } from '../../../src/migrations/graph/stamp-steps.js';
import { singleHead, type Target } from '../../../src/migrations/graph/target.js';
import { upgradeSteps } from '../../../src/migrations/graph/upgrade-steps.js';
import { applied, graph, ids } from './graph-text.js';

// What scenarios.test.ts does not say: steps as numbers, names, order of application, words.
const LIN = graph('a1 b1 c1 d1 e1');
const FORK = graph('a1 b1>a1 c1[left]>b1 d1>c1 c2[right]>b1 d2>c2');
const DIA = graph('a1 b1>a1 c1>b1 d1>c1 c2>b1 d2>c2 e1>d1+d2 f1>e1');
const DATES = graph('20250101000000 20250102000000 20260101000000');

describe('going up', () => {
  test.each<[RevisionGraph, string, Target | undefined, string]>([
    [LIN, '', undefined, 'a1 b1 c1 d1 e1'],
    [LIN, 'c1', 'current', ''],
    [LIN, 'c1', 'current+1', 'd1'],
    [LIN, '', '2', 'a1 b1'],
    [LIN, '', 2, 'a1 b1'],
    [LIN, 'd1', 5, 'e1'],
    [LIN, '', 'name_b1', 'a1 b1'],
    [LIN, '', 'd', 'a1 b1 c1 d1'],
    [DIA, 'd1', 'f1', 'c2 d2 e1 f1'],
    // So many of what leads to the head, in order.
    [DIA, 'b1', 3, 'c1 d1 c2'],
    // Only one may come next: what else is pending waits for it.
    [DIA, 'd1 c2', '+2', 'd2 e1'],
    [FORK, '', '+2', 'a1 b1'],
    [FORK, 'c1', 'left@current+1', 'd1'],
    [FORK, 'c1', 'right', 'c2'],
    [FORK, '', 'rig', 'a1 b1 c2'],
    [FORK, 'c1', 'left@heads', 'd1'],
    // Nobody counts with a zero in front.
    [graph('001 002 003'), '', '002', '001 002'],
    [graph('001 002 003'), '', '2', '001 002'],
    [graph('000001 000002'), '', '000001', '000001'],
    [graph('2 3 4'), '', '3@3', '2 3'],
    [graph(''), '', undefined, ''],
    [graph(''), '', 'heads', ''],
  ])('%#: from "%s%s" to "%s"', (g, from, target, expected) => {
    expect(ids(upgradeSteps(g, applied(g, from), target))).toBe(expected);
  });

  test.each<[RevisionGraph, string, Target, string, string]>([
    [LIN, 'b1', 'head+1', 'target-unreachable', 'leads past e1'],
    [LIN, 'b1', 'base-1', 'target-unreachable', 'leads past base'],
    [LIN, 'b1', 'nowhere', 'target-unknown', 'no revision "nowhere"'],
    [LIN, 'b1', '', 'target-invalid', '""'],
    [LIN, 'b1', '+0', 'target-invalid', '"+0"'],
    [LIN, 'b1', 1.5, 'target-invalid', '"1.5"'],
    [LIN, 'b1', '@head', 'target-invalid', '"@head"'],
    [LIN, 'b1', 'a1@', 'target-invalid', '"a1@"'],
    [FORK, '', 1, 'several-heads', 'd1, d2'],
    [FORK, '', 'b1@head', 'several-heads', 'd1, d2'],
    [FORK, '', 'b1+1', 'target-ambiguous', 'divides into c1, c2'],
    [FORK, '', 'heads-1', 'target-ambiguous', 'd1 (name_d1), d2'],
    [FORK, 'c1 c2', 'current', 'target-ambiguous', 'several revisions: c1 (name_c1), c2 (name_c2)'],
    [FORK, 'b1', 'left@+5', 'target-unreachable', '2 revisions are pending'],
    [FORK, 'b1', 'left@d2', 'target-unknown', 'not on that branch'],
    [FORK, 'b1', 'nobody@head', 'branch-unknown', 'no branch "nobody"'],
    [DATES, '', '2025', 'target-ambiguous', '20250101000000'],
    [graph('1 2'), '', '2', 'target-ambiguous', '2 steps or revision 2 (name_2)'],
    [graph('001 002'), '', '003', 'target-unknown', 'no revision "003"'],
  ])('%#: from "%s%s" to "%s" is refused', (g, from, target, code, message) => {
    expect(() => upgradeSteps(g, applied(g, from), target)).toThrow(
      expect.objectContaining({ code, exitCode: 2, message: expect.stringContaining(message) }),
    );
  });

  test('an ambiguous beginning says which it could be', () => {
    expect(() => resolveRevision(DATES, '2025')).toThrow(
      '"2025" could be 20250101000000 (name_20250101000000) or 20250102000000 (name_20250102000000)',
    );
    expect(resolveRevision(DATES, '2026')).toBe('20260101000000');
  });

  test('a number that could be steps or a revision, and one that is written differently: with the way out', () => {
    const hints = (g: RevisionGraph, target: string): readonly string[] => {
      try {
        upgradeSteps(g, new Set(), target);
      } catch (error) {
        if (error instanceof TidemarkError) return error.hints;
      }
      return [];
    };
    expect(hints(graph('1 2'), '2')).toEqual([
      'Write +2 or -2 for steps; for the revision its name (name_2) or 2@2.',
    ]);
    expect(() => stampPlace(graph('0003'), new Set(), '3')).toThrow(
      expect.objectContaining({
        code: 'target-unknown',
        hints: expect.arrayContaining(['Did you mean 0003 (name_0003)?']),
      }),
    );
    expect(stampPlace(graph('1 2'), new Set(), '2').ids).toEqual(['2']);
    expect(stampPlace(graph('31 42'), new Set(), '4').ids).toEqual(['42']);
    expect(hints(graph('0003 1000'), '003')).toContain('Did you mean 0003 (name_0003)?');
    expect(() => resolveRevision(graph('0003'), '3')).toThrow(
      expect.objectContaining({ hints: expect.arrayContaining(['Did you mean 0003 (name_0003)?']) }),
    );
  });

  test('one head, or words', () => {
    expect(singleHead(LIN)).toBe('e1');
    expect(singleHead(graph(''))).toBeUndefined();
    expect(() => singleHead(FORK)).toThrow(
      expect.objectContaining({ code: 'several-heads', details: { heads: ['d1', 'd2'] } }),
    );
  });
});

describe('going down', () => {
  test.each<[RevisionGraph, string, Target | undefined, string]>([
    [LIN, 'e1', undefined, 'e1'],
    [LIN, 'b1', '2', 'b1 a1'],
    [LIN, 'b1', 1, 'b1'],
    [LIN, 'd1', 'current-1', 'd1'],
    [DIA, 'f1', 'b1', 'f1 e1 d2 c2 d1 c1'],
    [FORK, 'd1 d2', 'left@-2', 'd1 c1'],
  ])('%#: from "%s%s" to "%s"', (g, from, target, expected) => {
    expect(ids(downgradeSteps(g, applied(g, from), target))).toBe(expected);
  });

  test('steps go back in the order in which revisions were applied, never below what stands on them', () => {
    const there = new Set(['a1', 'b1', 'c2', 'd2', 'c1', 'd1']);
    expect(ids(downgradeSteps(FORK, there, -3))).toBe('d1 c1 d2');
    // b1 was stamped in after what needs it.
    expect(ids(downgradeSteps(LIN, new Set(['a1', 'c1', 'b1']), -1))).toBe('c1');
  });

  test.each<[string, Target | undefined, string]>([
    ['b1', 5, 'target-unreachable'],
    ['', undefined, 'target-unreachable'],
    ['b1', 'zzzz', 'target-unknown'],
  ])('from "%s" to "%s" is refused', (from, target, code) => {
    expect(() => downgradeSteps(LIN, applied(LIN, from), target)).toThrow(
      expect.objectContaining({ code, exitCode: 2 }),
    );
  });
});

describe('ranges', () => {
  test.each<[RevisionGraph, string, string, string]>([
    [LIN, 'c1', ':', 'a1 b1 c1 d1 e1'],
    [LIN, 'c1', 'b1:d1', 'b1 c1 d1'],
    [LIN, 'c1', 'current:', 'c1 d1 e1'],
    [LIN, 'c1', '-2:', 'a1 b1 c1 d1 e1'],
    [LIN, 'c1', '-1:+1', 'b1 c1 d1'],
    [LIN, 'c1', ':b1', 'a1 b1'],
    [LIN, 'c1', 'd1:b1', ''],
    [FORK, '', 'left@base:left@head', 'a1 b1 c1 d1'],
  ])('%#: %s at "%s": %s', (g, from, text, expected) => {
    expect(ids(revisionsIn(g, parseRange(g, applied(g, from), text)))).toBe(expected);
  });

  test.each(['a1', 'a1:b1:c1'])('%s is none', (text) => {
    expect(() => parseRange(LIN, new Set(), text)).toThrow(
      expect.objectContaining({ code: 'range-invalid', exitCode: 2 }),
    );
  });
});
