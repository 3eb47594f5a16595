import type { Dialect } from '../../src/schema/dialect.js';
import type { ObjectKind } from '../../src/schema/kind.js';
import { makeSchema, type Properties, type Schema, type SchemaObject } from '../../src/schema/object.js';

/** A made-up engine, small enough that what the planner does can be read off its SQL. */
const KINDS: Record<string, ObjectKind> = Object.fromEntries(
  (
    [
      { name: 'type', rank: 1 },
      { name: 'table', rank: 2 },
      { name: 'column', rank: 3, part: true },
      { name: 'key', rank: 4, part: true, cut: 0 },
      { name: 'index', rank: 5, falls: true },
      { name: 'view', rank: 6, replaces: true },
    ] as const
  ).map((shape) => [shape.name, toyKind(shape)]),
);

/** The dotted name. */
function path(object: SchemaObject): string {
  return object.id.slice(object.id.indexOf(':') + 1);
}

function toyKind(shape: {
  name: string;
  rank: number;
  part?: boolean;
  falls?: boolean;
  cut?: number;
  replaces?: boolean;
}): ObjectKind {
  return {
    name: shape.name,
    rank: shape.rank,
    label: (object) => `${shape.name} ${path(object)}`,
    slots: (object) => (['table', 'view', 'index'].includes(shape.name) ? [`relation ${path(object)}`] : []),
    droppedWithParent: () => shape.part === true || shape.falls === true,
    foldsIntoParent: (object) =>
      shape.part === true && (shape.name === 'column' || object.parent?.startsWith('table:') === true),
    cutOrder: () => shape.cut,
    toleratesDropping: (object, needed) => shape.name === 'key' && object.parent !== needed.id,
    holdsData: shape.name === 'table' || shape.name === 'column',
    rename: (object, newName) => ({ sql: [`rename ${path(object)} to ${newName}`] }),
    create: (object, { folded }) => ({
      sql: [`create ${path(object)}${folded.length > 0 ? `(${folded.map(path).join(', ')})` : ''}`],
    }),
    drop: (object) => ({ sql: [`drop ${path(object)}`] }),
    // A table takes the changes of its columns and keys over as soon as one of them says `whole`.
    alterWhole(_before, after, changes) {
      const parts = changes
        .map((change) => (change.action === 'alter' ? change.after : change.object))
        .filter(({ kind }) => kind === 'column' || kind === 'key');
      if (shape.name !== 'table' || !parts.some(({ props }) => props.whole)) return undefined;
      return {
        sql: [`remake ${path(after)}(${parts.map(path).join(', ')})`],
        touches: parts.map(({ id }) => id),
        disturbs: ({ kind }) => kind === 'index' || kind === 'view',
      };
    },
    alter: (before, after, changed) =>
      shape.replaces || changed.includes('rebuild')
        ? 'replace'
        : {
            sql: [`alter ${path(after)}`],
            disturbs: (dependent) => changed.includes('type') && dependent.kind === 'view',
            ...(before.props.commit ? { commitAfter: true } : {}),
          },
  };
}

export const toyDialect: Dialect = {
  name: 'postgres',
  kind(name) {
    const kind = KINDS[name];
    if (!kind) throw new Error(`no kind ${name}`);
    return kind;
  },
  readSchema: () => Promise.reject(new Error('a toy has no database')),
  splitScript: () => Promise.reject(new Error('a toy has no parser')),
  newDatabase: (engineVersion) => makeSchema('postgres', engineVersion, []),
  missingPrerequisite: () => undefined,
  sections: [],
  sameReading: () => true,
  frame: () => ({ before: [], after: [] }),
};

/** `toy('table:a', 'key:a.fk -> table:b')`: an object a line, with what it needs after the arrow and props in braces. */
export function toySchema(...lines: readonly string[]): Schema {
  const objects = lines.map((line): SchemaObject => {
    const [, id = '', props, needs] = /^(\S+?)(\{.*\})?(?: -> (.*))?$/.exec(line) ?? [];
    const [kind = '', dotted = ''] = id.split(':');
    const names = dotted.split('.');
    const parent =
      names.length > 1 ? `${kind === 'index' && names[0] === 'v' ? 'view' : 'table'}:${names[0]}` : null;
    const dependsOn = [...(parent ? [parent] : []), ...(needs ? needs.split(' ') : [])].sort();
    return {
      id,
      kind,
      name: names[names.length - 1]!,
      schema: null,
      parent,
      props: props ? (JSON.parse(props) as Properties) : {},
      info: {},
      dependsOn,
    };
  });
  return makeSchema('postgres', 0, objects);
}
