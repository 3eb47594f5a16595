/** A revision as the drawing sees it: parents that are not drawn themselves are left out. */
export interface GraphNode {
  readonly id: string;
  readonly parents: readonly string[];
}

/** The drawing of one revision: what stands left of its text, and the lines that lead to the next one. */
export interface GraphRow {
  readonly id: string;
  /** Left of the revision's own line. */
  readonly node: string;
  /** Left of further lines about it. */
  readonly beside: string;
  /** Lines of drawing alone, between it and the next. */
  readonly below: readonly string[];
}

export type GraphGlyphs = 'unicode' | 'ascii';

/** From which lane at the top to which at the bottom a line runs. */
interface Edge {
  readonly top: number;
  readonly bottom: number;
}

/**
 * Draws revisions as `git log --graph` does: each has a place in a lane, a lane runs down to the next parent that
 * it leads to, and where lanes part or meet there is a line of drawing between two revisions. A lane stays where it
 * is for as long as it runs; a line that crosses one without touching it leaves it whole.
 *
 * @param nodes newest first: each after everything that follows it
 */
export function graphLines(nodes: readonly GraphNode[], glyphs: GraphGlyphs): GraphRow[] {
  const known = new Set(nodes.map(({ id }) => id));
  /** The revision that each lane leads to; undefined: free. */
  const lanes: (string | undefined)[] = [];
  /** A lane that ended just above: what began in it would look like what came next. */
  let ended: number | undefined;
  return nodes.map(({ id, parents }) => {
    const waiting = lanes.indexOf(id);
    const at = waiting === -1 ? freeLane(lanes, 0, ended) : waiting;
    take(lanes, at, id);
    const taken = lanes.map((lane) => lane !== undefined);
    const wanted = [...new Set(parents)].filter((parent) => known.has(parent));
    const below = lead(lanes, at, wanted).map((bend) => connection(bend, glyphs));
    ended = wanted.length === 0 ? at : undefined;
    const bar = glyphs === 'unicode' ? '│' : '|';
    const row = (here: string) => drawn(taken.map((is, lane) => (lane === at ? here : is ? bar : ' ')));
    return {
      id,
      node: row(glyphs === 'unicode' ? '●' : '*'),
      beside: row(wanted.length === 0 ? ' ' : bar),
      below,
    };
  });
}

/** A line of drawing: which lanes come in above and go out below, and which lines run across. */
interface Bend {
  readonly before: readonly boolean[];
  readonly after: readonly boolean[];
  readonly edges: readonly Edge[];
}

/**
 * Sends the lane of a revision on to its parents, and tells the lines of drawing that takes. Lines that meet a lane
 * which is there already get a line of drawing each: in one, it could not be told which lanes they join.
 */
function lead(lanes: (string | undefined)[], at: number, parents: readonly string[]): Bend[] {
  const bends: Bend[] = [];
  const bend = (change: () => readonly Edge[]): void => {
    const before = lanes.map((lane) => lane !== undefined);
    const edges = change();
    bends.push({ before, after: lanes.map((lane) => lane !== undefined), edges });
    while (lanes.length > 0 && lanes.at(-1) === undefined) lanes.pop();
  };
  const there = parents.filter((parent) => lanes.includes(parent));
  const [first, ...others] = parents.filter((parent) => !there.includes(parent));
  const far = there.map((parent) => lanes.indexOf(parent)).sort((a, b) => distance(b) - distance(a));
  function distance(lane: number): number {
    return Math.abs(lane - at);
  }
  const last = first === undefined ? far.pop() : undefined;
  for (const lane of far) bend(() => [{ top: at, bottom: lane }]);
  if (last !== undefined) {
    bend(() => {
      // Lanes move to the left where they meet, so that the drawing stays narrow.
      lanes[at] = last > at ? lanes[last] : undefined;
      if (last < at) return [{ top: at, bottom: last }];
      lanes[last] = undefined;
      return [{ top: last, bottom: at }];
    });
  } else if (first === undefined) {
    lanes[at] = undefined;
    while (lanes.length > 0 && lanes.at(-1) === undefined) lanes.pop();
  } else lanes[at] = first;
  if (others.length > 0) {
    bend(() =>
      others.map((parent) => {
        const lane = freeLane(lanes, at + 1, undefined);
        take(lanes, lane, parent);
        return { top: at, bottom: lane };
      }),
    );
  }
  return bends;
}

/** Without leaving holes in the list. */
function take(lanes: (string | undefined)[], lane: number, id: string): void {
  while (lanes.length < lane) lanes.push(undefined);
  lanes[lane] = id;
}

function freeLane(lanes: readonly (string | undefined)[], from: number, taboo: number | undefined): number {
  let lane = from;
  while (lanes[lane] !== undefined || lane === taboo) lane += 1;
  return lane;
}

const UP = 1;
const DOWN = 2;
const LEFT = 4;
const RIGHT = 8;

/** What to draw for the sides of a place that are touched, in the order of the bits above. */
const BOXES = [...' │││─╯╮┤─╰╭├─┴┬┼'];
const ASCII = [..." |||-'.+-'.|-+++"];

function connection({ before, after, edges }: Bend, glyphs: GraphGlyphs): string {
  const width = Math.max(before.length, after.length);
  const sides = Array.from(
    { length: width },
    (_, lane) => (before[lane] ? UP : 0) | (after[lane] ? DOWN : 0),
  );
  if (glyphs === 'ascii' && edges.every(({ top, bottom }) => Math.abs(top - bottom) === 1)) {
    return slanted(sides, edges);
  }
  const ends = new Set(edges.flatMap(({ top, bottom }) => [top, bottom]));
  const gaps = new Set<number>();
  for (const { top, bottom } of edges) {
    const [left, right] = [Math.min(top, bottom), Math.max(top, bottom)];
    for (let lane = left; lane < right; lane++) {
      gaps.add(lane);
      if (lane > left && (ends.has(lane) || sides[lane] === 0)) sides[lane]! |= LEFT | RIGHT;
    }
    sides[left]! |= RIGHT;
    sides[right]! |= LEFT;
  }
  const boxes = glyphs === 'unicode' ? BOXES : ASCII;
  const dash = glyphs === 'unicode' ? '─' : '-';
  return drawn(
    sides.map((touched) => boxes[touched]!),
    (lane) => (gaps.has(lane) ? dash : ' '),
  );
}

/** As git draws lines between neighbours. */
function slanted(sides: readonly number[], edges: readonly Edge[]): string {
  const gaps = new Map(
    edges.map(({ top, bottom }) => [Math.min(top, bottom), bottom > top ? '\\' : '/'] as const),
  );
  // Where a lane begins or ends, the slanted line stands for it.
  return drawn(
    sides.map((touched) => (touched === (UP | DOWN) ? '|' : ' ')),
    (lane) => gaps.get(lane) ?? ' ',
  );
}

function drawn(lanes: readonly string[], gap: (lane: number) => string = () => ' '): string {
  return lanes
    .map((lane, at) => lane + gap(at))
    .join('')
    .trimEnd();
}
