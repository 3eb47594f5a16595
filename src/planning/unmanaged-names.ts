import type { UnmanagedObject } from '../schema/object.js';

/** Unmanaged objects as people call them, each once. */
export function unmanagedNames(unmanaged: readonly UnmanagedObject[]): string[] {
  return [...new Set(unmanaged.map((object) => `${object.kind} ${object.name}`))];
}
