import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GraphGlyphs, type GraphNode, graphLines } from '../../src/cli/render/graph-lines.js';

/** `c<a,b` is c with the parents a and b; newest first. */
function nodes(text: string): GraphNode[] {
  return text.split(/\s+/).map((word) => {
    const [id = '', parents = ''] = word.split('<');
    return { id, parents: parents.split(',').filter(Boolean) };
  });
}

function draw(text: string, glyphs: GraphGlyphs): string[] {
  return graphLines(nodes(text), glyphs).flatMap(({ id, node, below }) => [`${node} ${id}`, ...below]);
}

describe('graphLines', () => {
  it.each<[string, string, string[], string[]]>([
    ['nothing but one', 'a', ['● a'], ['* a']],
    ['a line', 'c<b b<a a', ['● c', '● b', '● a'], ['* c', '* b', '* a']],
    ['a fork', 'c<a b<a a', ['● c', '│ ● b', '├─╯', '● a'], ['* c', '| * b', '|/', '* a']],
    [
      'a merge',
      'd<b,c c<a b<a a',
      ['● d', '├─╮', '│ ● c', '● │ b', '├─╯', '● a'],
      ['* d', '|\\', '| * c', '* | b', '|/', '* a'],
    ],
    [
      'several roots: nothing looks like the child of what only stands above it',
      'b2<b1 b1 a2<a1 a1 c',
      ['● b2', '● b1', '  ● a2', '  ● a1', '● c'],
      ['* b2', '* b1', '  * a2', '  * a1', '* c'],
    ],
    [
      'an octopus merge',
      'm<a,b,c c<o b<o a<o o',
      ['● m', '├─┬─╮', '│ │ ● c', '│ ● │ b', '│ ├─╯', '● │ a', '├─╯', '● o'],
      ['* m', '|-+-.', '| | * c', '| * | b', '| |/', '* | a', '|/', '* o'],
    ],
    [
      'two merges that cross',
      'f<d,e e<c,b d<b,c c<a b<a a',
      ['● f', '├─╮', '│ ● e', '│ ├─╮', '● │ │ d', '├─│─┤', '├─╯ │', '●   │ c', '│   ● b', '├───╯', '● a'],
      ['* f', '|\\', '| * e', '| |\\', '* | | d', '|-|-+', '|/  |', '*   | c', '|   * b', "|---'", '* a'],
    ],
    [
      'a line that passes another without touching it',
      'd<a c<b m<c0,a b<o c0<o a<o o',
      ['● d', '│ ● c', '│ │ ● m', '├─│─┤', '│ ● │ b', '│ │ ● c0', '│ ├─╯', '● │ a', '├─╯', '● o'],
      ['* d', '| * c', '| | * m', '|-|-+', '| * | b', '| | * c0', '| |/', '* | a', '|/', '* o'],
    ],
    ['parents that are not shown: a range ends there', 'd<c,b c<a', ['● d', '● c'], ['* d', '* c']],
    ['a parent named twice', 'b<a,a a', ['● b', '● a'], ['* b', '* a']],
  ])('draws %s', (_, text, unicode, ascii) => {
    expect(draw(text, 'unicode')).toEqual(unicode);
    expect(draw(text, 'ascii')).toEqual(ascii);
  });

  it('gives what stands beside further lines of a revision', () => {
    const rows = graphLines(nodes('d<b,c c<a b<a a'), 'unicode');
    expect(rows.map(({ beside }) => beside)).toEqual(['│', '│ │', '│ │', '']);
  });

  it('draws nothing of nothing', () => {
    expect(graphLines([], 'unicode')).toEqual([]);
  });

  it('can be read back: exactly the children of a revision lead to it', () => {
    fc.assert(
      fc.property(history, (graph) => {
        const found = readBack(graph);
        for (const { id } of graph) {
          const children = graph.filter(({ parents }) => parents.includes(id)).map((child) => child.id);
          expect([...(found.get(id) ?? [])].sort()).toEqual(children.sort());
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** Up to 14 revisions, newest first, each with up to four of the older ones as parents. */
const history = fc
  .array(fc.array(fc.nat({ max: 5 }), { maxLength: 4 }), { maxLength: 14 })
  .map((steps): GraphNode[] =>
    steps.map((back, at) => ({
      id: `r${at}`,
      parents: [...new Set(back.map((step) => at + 1 + step))]
        .filter((to) => to < steps.length)
        .map((to) => `r${to}`),
    })),
  );

/** What leads to each revision, by following the Unicode drawing from above. */
function readBack(graph: readonly GraphNode[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  let lanes = new Map<number, Set<string>>();
  for (const { id, node, beside, below } of graphLines(graph, 'unicode')) {
    const at = node.indexOf('●') / 2;
    found.set(id, lanes.get(at) ?? new Set());
    // What comes down must be drawn, and nothing else.
    const open = [...lanes.keys()].filter((lane) => lane !== at);
    expect(marksAt(node)).toEqual([...open, at].sort((a, b) => a - b));
    lanes.delete(at);
    if (beside[2 * at] === '│') lanes.set(at, new Set([id]));
    for (const line of below) lanes = follow(line, at, lanes, id);
  }
  expect(lanes.size).toBe(0);
  return found;
}

function marksAt(line: string): number[] {
  return [...line].flatMap((mark, at) => (mark === ' ' ? [] : [at / 2]));
}

/** Only the lane of the revision above a line of drawing has lines that run across. */
function follow(
  line: string,
  at: number,
  lanes: ReadonlyMap<number, Set<string>>,
  id: string,
): Map<number, Set<string>> {
  const marks = [...line];
  const run = new Set([at]);
  for (const step of [-1, 1]) {
    for (let lane = at; marks[2 * lane + step] === '─'; lane += step) run.add(lane + step);
  }
  const next = new Map<number, Set<string>>();
  const add = (lane: number, ids: Iterable<string>) => {
    next.set(lane, new Set([...(next.get(lane) ?? []), ...ids]));
  };
  for (let lane = 0; 2 * lane < marks.length; lane++) {
    const mark = marks[2 * lane] ?? ' ';
    const touched = run.has(lane) && !'│─'.includes(mark);
    const above = lanes.get(lane) ?? [];
    if (touched && '╯╰┴'.includes(mark)) {
      if (lane !== at) add(at, above);
    } else if (mark !== ' ' && mark !== '─') add(lane, lane === at ? [] : above);
    if (touched && '├┤╮╭┬┼'.includes(mark) && lane !== at) add(lane, [id]);
    if (lane === at && '├┤│┼'.includes(mark)) add(at, above);
  }
  return next;
}
