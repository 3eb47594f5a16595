import { DatabaseError } from '../database/connection.js';
import { makeSchema, type Properties, type Schema, type SchemaObject } from '../schema/object.js';
import { planStatements, stepAt } from '../schema/plan.js';
import { planChanges } from '../schema/planner.js';
import type { Workbench } from './workbench.js';

/**
 * A database of another major version prints the same definitions differently. Its schema is built on the
 * dev database and read back there, so that both sides of a comparison come from one engine. What cannot be
 * built there, because it needs something that is not managed, is left out with all that needs it and keeps
 * the words of its server; the user is told.
 */
export async function inDevTerms(bench: Workbench, schema: Schema): Promise<Schema> {
  const dev = await bench.dev();
  if (schema.objects.size === 0 || bench.dialect.sameReading(schema.engineVersion, dev.engineVersion))
    return schema;
  const leftOut = new Map<string, SchemaObject>();
  for (;;) {
    const rest = makeSchema(
      schema.engine,
      schema.engineVersion,
      [...schema.objects.values()].filter(({ id }) => !leftOut.has(id)),
    );
    try {
      const built = await build(bench, rest);
      const objects = [
        ...[...built.objects.values()].map((object) => inItsCondition(object, schema, bench)),
        ...leftOut.values(),
      ];
      const whole = makeSchema(schema.engine, schema.engineVersion, objects, schema.unmanaged);
      return bench.dialect.asOnVersion?.(whole, schema.engineVersion) ?? whole;
    } catch (error) {
      if (!(error instanceof Unbuildable)) throw error;
      const object = rest.objects.get(error.object);
      if (object === undefined) throw error.cause;
      for (const lost of withDependents(object, rest)) leftOut.set(lost.id, lost);
      bench.note(
        `${bench.dialect.kind(object.kind).label(object)} cannot be built on the dev database (${error.message}), so it is compared in its server's own words, which may differ in wording alone`,
      );
    }
  }
}

/** What was built anew is in order; what it was built after may not be. */
function inItsCondition(object: SchemaObject, live: Schema, bench: Workbench): SchemaObject {
  const { conditions } = bench.dialect.kind(object.kind);
  const original = conditions && live.objects.get(object.id);
  if (!original) return object;
  const carried = (values: Properties) =>
    Object.fromEntries(conditions.flatMap((key) => (key in values ? [[key, values[key]!]] : [])));
  return {
    ...object,
    props: { ...object.props, ...carried(original.props) },
    info: { ...object.info, ...carried(original.info) },
  };
}

async function build(bench: Workbench, schema: Schema): Promise<Schema> {
  const plan = planChanges(bench.empty(schema.engineVersion), schema, bench.dialect);
  const builder: Parameters<Workbench['build']>[0] = {
    transactional: plan.transactional,
    existing: true,
    run: async (connection) => {
      try {
        await connection.executeAll(planStatements(plan));
      } catch (error) {
        // A role can be supplied, and then it is built after all.
        throw error instanceof DatabaseError && bench.dialect.missingPrerequisite(error)?.type !== 'role'
          ? new Unbuildable(stepAt(plan, error.statement)?.object ?? '', error)
          : error;
      }
    },
  };
  return bench.build(builder, (connection) => bench.dialect.readSchema(connection, bench.filter));
}

/** The dev database refuses what makes one object of a live database. */
class Unbuildable extends Error {
  readonly object: string;

  constructor(object: string, cause: DatabaseError) {
    super(cause.message, { cause });
    this.object = object;
  }
}

function withDependents(object: SchemaObject, schema: Schema): SchemaObject[] {
  const found = new Map([[object.id, object]]);
  for (const id of found.keys()) {
    for (const other of schema.objects.values()) if (other.dependsOn.includes(id)) found.set(other.id, other);
  }
  return [...found.values()];
}
