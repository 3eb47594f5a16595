import type { Connection } from '../database/connection.js';
import type { DatabaseUrl } from '../database/database-url.js';
import type { Schema, UnmanagedObject } from '../schema/object.js';
import { isEmptyPlan, type Plan } from '../schema/plan.js';
import { planBothWays } from '../schema/planner.js';
import { prove } from './prove.js';
import type { StateSource } from './state-source.js';
import type { Builder, Workbench } from './workbench.js';

/** A plan with the two states it goes between. */
export interface PlanBetween {
  readonly from: Schema;
  readonly to: Schema;
  readonly up: Plan;
  readonly down: Plan;
  /** What either side has that Tidemark does not manage yet: reported, never touched. */
  readonly unmanaged: { readonly from: readonly UnmanagedObject[]; readonly to: readonly UnmanagedObject[] };
}

export interface PlanOptions {
  /** Opens a database named as a source. */
  readonly open: (url: DatabaseUrl) => Promise<Connection>;
  /** Prove the plan on the dev database. Default true. */
  readonly prove?: boolean;
}

/**
 * Plans the way from one state to another and proves it on the dev database, both ways.
 * Throws what reading the sources throws, `plan-cycle` or `proof-failed`.
 */
export async function planBetween(
  bench: Workbench,
  from: StateSource,
  to: StateSource,
  options: PlanOptions,
): Promise<PlanBetween> {
  const wanted = await readState(bench, to, options);
  const current = await readState(bench, from, options);
  const { up, down } = planBothWays(current.schema, wanted.schema, bench.dialect);
  if (options.prove !== false && !isEmptyPlan(up)) {
    await prove(bench, {
      from: current.schema,
      to: wanted.schema,
      up,
      down,
      buildFrom: await current.builder(),
    });
  }
  return {
    from: current.schema,
    to: wanted.schema,
    up,
    down,
    unmanaged: { from: current.schema.unmanaged, to: wanted.schema.unmanaged },
  };
}

/** A state that was read, and how to build it again. */
export interface ReadState {
  readonly schema: Schema;
  builder(): Promise<Builder>;
}

/** Reads any source. A database is opened, read in one snapshot and closed again; nothing in it changes. */
export async function readState(
  bench: Workbench,
  source: StateSource,
  options: PlanOptions,
): Promise<ReadState> {
  switch (source.type) {
    case 'empty':
      return { schema: bench.empty(), builder: async () => bench.emptyBuilder() };
    case 'scripts': {
      const schema = await bench.readScripts(source.files);
      return { schema, builder: () => bench.scriptsBuilder(source.files) };
    }
    case 'database': {
      const connection = await options.open(source.url);
      try {
        const read = await bench.dialect.readSchema(connection, bench.filter);
        const schema = await inDevTerms(bench, read);
        return { schema, builder: async () => bench.schemaBuilder(schema) };
      } finally {
        await connection.close();
      }
    }
  }
}

/**
 * A database of another major version prints the same definitions differently. Its schema is built on the
 * dev database and read back there, so that both sides of a comparison come from one engine.
 */
async function inDevTerms(bench: Workbench, schema: Schema): Promise<Schema> {
  const dev = await bench.dev();
  if (schema.objects.size === 0 || bench.dialect.sameReading(schema.engineVersion, dev.engineVersion))
    return schema;
  const built = await bench.build(bench.schemaBuilder(schema), (connection) =>
    bench.dialect.readSchema(connection, bench.filter),
  );
  return { ...built, unmanaged: schema.unmanaged };
}
