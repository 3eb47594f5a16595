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
    label: (object) => `${shape.name} ${object.name}`,
    slots: (object) => (['table', 'view', 'index'].includes(shape.name) ? [`relation ${object.name}`] : []),
    droppedWithParent: () => shape.part === true || shape.falls === true,
    foldsIntoParent: (object) =>
      shape.part === true && (shape.name === 'column' || object.parent?.startsWith('table:') === true),
    cutOrder: () => shape.cut,
    create: (object, { folded }) => ({
      sql: [
        `create ${object.name}${folded.length > 0 ? `(${folded.map((part) => part.name).join(', ')})` : ''}`,
      ],
    }),
    drop: (object) => ({ sql: [`drop ${object.name}`] }),
    alter: (before, after, changed) =>
      shape.replaces || changed.includes('rebuild')
        ? 'replace'
        : {
            sql: [`alter ${after.name}`],
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
  missingPrerequisite: () => undefined,
  sameReading: () => true,
  frame: () => ({ before: [], after: [] }),
};

/** `toy('table:a', 'key:a.fk -> table:b')`: an object a line, with what it needs after the arrow and props in braces. */
export function toySchema(...lines: readonly string[]): Schema {
  const objects = lines.map((line): SchemaObject => {
    const [, id = '', props, needs] = /^(\S+?)(\{.*\})?(?: -> (.*))?$/.exec(line) ?? [];
    const [kind = '', path = ''] = id.split(':');
    const names = path.split('.');
    const parent =
      names.length > 1 ? `${kind === 'index' && names[0] === 'v' ? 'view' : 'table'}:${names[0]}` : null;
    const dependsOn = [...(parent ? [parent] : []), ...(needs ? needs.split(' ') : [])].sort();
    return {
      id,
      kind,
      name: path,
      schema: null,
      parent,
      props: props ? (JSON.parse(props) as Properties) : {},
      info: {},
      dependsOn,
    };
  });
  return makeSchema('postgres', 0, objects);
}
