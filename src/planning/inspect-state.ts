import type { EngineName } from '../database/connection.js';
import type { SchemaObject, UnmanagedObject } from '../schema/object.js';
import { planChanges } from '../schema/planner.js';
import { type SchemaPart, schemaParts, schemaText } from '../schema/schema-text.js';
import { type PlanOptions, readState } from './plan-between.js';
import type { StateSource } from './state-source.js';
import type { Workbench } from './workbench.js';

/** A state as facts, and the SQL that makes it from nothing. Plain data. */
export interface InspectedState {
  readonly engine: EngineName;
  readonly engineVersion: number;
  readonly objects: readonly SchemaObject[];
  /** What is there and not managed: not among the objects, nor in the SQL. */
  readonly unmanaged: readonly UnmanagedObject[];
  readonly sql: string;
  /** The same, part by part, in the order in which they run. */
  readonly parts: readonly SchemaPart[];
}

/** Reads a state as it is. Throws what reading its source throws. */
export async function inspectState(
  bench: Workbench,
  source: StateSource,
  options: Pick<PlanOptions, 'open'>,
): Promise<InspectedState> {
  const { schema } = await readState(bench, source, options, 'as it is');
  const plan = planChanges(bench.empty(schema.engineVersion), schema, bench.dialect);
  const parts = schemaParts(plan, schema, bench.dialect);
  return {
    engine: schema.engine,
    engineVersion: schema.engineVersion,
    objects: [...schema.objects.values()],
    unmanaged: schema.unmanaged,
    sql: schemaText(parts),
    parts,
  };
}
