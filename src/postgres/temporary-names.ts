import type { RenderContext } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';

/**
 * A name for each object while another of its name comes or goes: within PostgreSQL's 63 bytes, and such as
 * nothing in the schemas has.
 */
export function temporaryNames(
  objects: readonly SchemaObject[],
  context: Pick<RenderContext, 'from' | 'to'>,
  ending: '__old' | '__new' = '__old',
): string[] {
  const nameFor = temporaryNamer(context);
  return objects.map((object) => nameFor(object, ending));
}

/** Gives such names one at a time, never the same twice. */
export function temporaryNamer({
  from,
  to,
}: Pick<RenderContext, 'from' | 'to'>): (object: SchemaObject, ending: string) => string {
  let taken: Set<string> | undefined;
  return (object, ending) => {
    taken ??= new Set(
      [...from.objects.values(), ...to.objects.values()].map(({ schema, name }) => `${schema} ${name}`),
    );
    for (let attempt = 0; ; attempt += 1) {
      const suffix = attempt === 0 ? ending : `${ending}${attempt}`;
      let stem = object.name;
      while (Buffer.byteLength(stem + suffix) > 63) stem = [...stem].slice(0, -1).join('');
      const key = `${object.schema} ${stem}${suffix}`;
      if (taken.has(key)) continue;
      taken.add(key);
      return stem + suffix;
    }
  };
}
