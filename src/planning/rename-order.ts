import type { Dialect } from '../schema/dialect.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import type { Rename } from '../schema/rename.js';

/** One rename as it runs. */
export interface RenameStep {
  /** As it is then: everything around it has its new name already. */
  readonly object: SchemaObject;
  readonly newName: string;
}

/**
 * The renames in an order in which every new name is free: the whole before its parts, a name given up before it is
 * taken. Names that go round in a circle are cut open by a temporary one.
 */
export function renameOrder(renames: readonly Rename[], schema: Schema, dialect: Dialect): RenameStep[] {
  const steps: RenameStep[] = [];
  const sorted = [...renames].sort(
    (a, b) => dialect.kind(a.before.kind).rank - dialect.kind(b.before.kind).rank,
  );
  let left = sorted.map(({ before, after }) => ({ object: { ...after, name: before.name }, after }));
  while (left.length > 0) {
    const next = left.find((one) => !left.some((other) => other !== one && holds(other.object, one.after)));
    if (next !== undefined) {
      steps.push({ object: next.object, newName: next.after.name });
      left = left.filter((one) => one !== next);
      continue;
    }
    const [first] = left;
    const newName = temporaryName(first!.object.name, schema);
    steps.push({ object: first!.object, newName });
    left = left.map((one) => (one === first ? { ...one, object: { ...one.object, name: newName } } : one));
  }
  return steps;
}

/** True when the object still has the name that the other is to get. */
function holds(object: SchemaObject, wanted: SchemaObject): boolean {
  return (
    object.kind === wanted.kind &&
    object.parent === wanted.parent &&
    object.schema === wanted.schema &&
    object.name === wanted.name
  );
}

const LONGEST = 63;

function temporaryName(name: string, schema: Schema): string {
  const taken = new Set([...schema.objects.values()].map((object) => object.name));
  for (let attempt = 0; ; attempt += 1) {
    const suffix = attempt === 0 ? '__old' : `__old${attempt}`;
    let stem = name;
    while (Buffer.byteLength(stem + suffix) > LONGEST) stem = [...stem].slice(0, -1).join('');
    if (!taken.has(stem + suffix)) return stem + suffix;
  }
}
