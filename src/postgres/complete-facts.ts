import { makeSchema, objectId, type Schema, type SchemaObject } from '../schema/object.js';
import { postgresKind } from './kind-registry.js';
import { plainWords } from './kinds/owner.js';
import { besides } from './kinds/privileges.js';
import { defaultFacts, defaultGrantsFor } from './privileges/default-grants.js';
import type { AclClass } from './privileges/grants.js';

/**
 * Owners and privileges are facts only where they stand out. For a plan each of them stands on both sides that have
 * the object, so that it is changed and not dropped, and what is made where default privileges may give it more has
 * one too, so that the surplus is taken away.
 */
export function completeFacts(from: Schema, to: Schema): { readonly from: Schema; readonly to: Schema } {
  const [left, right] = [new Completed(from), new Completed(to)];
  left.mirror(to);
  right.mirror(from);
  if (defaultFacts(from).length + defaultFacts(to).length > 0) {
    right.expectDefaults(from, to);
    left.mirror(right.schema());
  }
  return { from: left.schema(), to: right.schema() };
}

class Completed {
  readonly #state: Schema;
  readonly #added = new Map<string, SchemaObject>();

  constructor(state: Schema) {
    this.#state = state;
  }

  /** Adds blank facts for those of the other side. */
  mirror(other: Schema): void {
    for (const fact of other.objects.values()) {
      if (fact.kind !== 'owner' && fact.kind !== 'privileges') continue;
      if (this.#state.objects.has(fact.id) || !this.#hasSubject(fact)) continue;
      this.#added.set(fact.id, {
        ...fact,
        props: fact.kind === 'owner' ? { role: null } : { grants: {} },
        info: { ...fact.info, passedOn: [] },
      });
    }
  }

  #hasSubject(fact: SchemaObject): boolean {
    const parent = this.#state.objects.get(fact.parent!);
    const columns = parent?.info.columns;
    // The columns of a view are no objects of their own.
    if (fact.info.column && Array.isArray(columns)) {
      return columns.some((column) => Array.isArray(column) && column[0] === fact.info.column);
    }
    if (parent?.kind !== 'column' || fact.info.class !== 'sequence') return parent !== undefined;
    return fact.id === identitySequence(parent);
  }

  /** Adds blank facts for what default privileges may be given on. */
  expectDefaults(...states: readonly Schema[]): void {
    for (const object of this.#state.objects.values()) {
      const of = classOf(object);
      if (of === undefined) continue;
      const id = object.kind === 'column' ? identitySequence(object)! : `privileges:${object.id}`;
      if (this.#state.objects.has(id) || this.#added.has(id)) continue;
      if (defaultGrantsFor(of, object.schema, ...states).length === 0) continue;
      this.#added.set(id, {
        id,
        kind: 'privileges',
        name: plainWords(id.slice('privileges:'.length)),
        schema: null,
        parent: object.id,
        props: { grants: {} },
        info: { class: of, column: null, position: 0 },
        dependsOn: [object.id],
      });
    }
  }

  schema(): Schema {
    if (this.#added.size === 0) return this.#state;
    const { engine, engineVersion, objects, unmanaged } = this.#state;
    const all = new Map([...objects, ...this.#added]);
    const completed = [...all.values()].map((object) => {
      if (object.kind !== 'owner' && object.kind !== 'privileges') return object;
      const needed = object.kind === 'owner' ? [] : needs(object, all);
      const missing = needed.filter((id) => all.has(id) && !object.dependsOn.includes(id));
      const dependsOn = [...object.dependsOn.filter((id) => all.has(id)), ...missing].sort();
      return { ...object, dependsOn };
    });
    return makeSchema(engine, engineVersion, completed, unmanaged);
  }
}

function needs(fact: SchemaObject, all: ReadonlyMap<string, SchemaObject>): string[] {
  const parent = all.get(fact.parent!);
  const relation = parent?.kind === 'column' ? (parent.parent ?? undefined) : parent?.id;
  const owners: string[] = [];
  for (let at = parent; at; at = at.parent === null ? undefined : all.get(at.parent))
    owners.push(`owner:${at.id}`);
  return [...besides(fact.info.class as AclClass, fact.parent!, relation), ...owners];
}

function identitySequence(column: SchemaObject): string | undefined {
  const { sequence } = column.info;
  return typeof sequence === 'string'
    ? `privileges:${objectId('sequence', column.schema!, sequence)}`
    : undefined;
}

const CLASSES: readonly (readonly [reference: RegExp, of: AclClass])[] = [
  [/^(?:FOREIGN )?TABLE |^(?:MATERIALIZED )?VIEW /, 'table'],
  [/^SEQUENCE /, 'sequence'],
  [/^(?:FUNCTION|PROCEDURE|AGGREGATE) /, 'function'],
  [/^(?:TYPE|DOMAIN) /, 'type'],
  [/^SCHEMA /, 'schema'],
];

/** What a GRANT on the object is one of, where default privileges can be about it. */
function classOf(object: SchemaObject): AclClass | undefined {
  if (object.kind === 'column') return typeof object.info.sequence === 'string' ? 'sequence' : undefined;
  if (object.parent !== null && object.kind !== 'sequence') return undefined;
  const reference = postgresKind(object.kind).reference(object);
  return CLASSES.find(([pattern]) => pattern.test(reference))?.[1];
}
