import type { RenderContext } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';

/**
 * A name for each object while another of its name comes or goes: within PostgreSQL's 63 bytes, and such as
 * nothing in the schemas has.
 */
export function temporaryNames(
  objects: readonly SchemaObject[],
  { from, to }: RenderContext,
  ending: '__old' | '__new' = '__old',
): string[] {
  const taken = new Set(
    [...from.objects.values(), ...to.objects.values()].map((object) => `${object.schema} ${object.name}`),
  );
  return objects.map((object) => {
    for (let attempt = 0; ; attempt += 1) {
      const suffix = attempt === 0 ? ending : `${ending}${attempt}`;
      let stem = object.name;
      while (Buffer.byteLength(stem + suffix) > 63) stem = [...stem].slice(0, -1).join('');
      const key = `${object.schema} ${stem}${suffix}`;
      if (taken.has(key)) continue;
      taken.add(key);
      return stem + suffix;
    }
  });
}
