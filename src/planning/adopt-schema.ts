import type { InspectedState } from './inspect-state.js';
import { inspectState } from './inspect-state.js';
import { type PlanOptions, planBetween } from './plan-between.js';
import type { StateSource } from './state-source.js';
import type { Workbench } from './workbench.js';

/** A database's schema as the SQL to go on from. */
export interface AdoptedSchema extends Pick<InspectedState, 'sql' | 'unmanaged'> {
  /** What the SQL would still change in the database, a sentence each: none, unless Tidemark has a gap. */
  readonly differences: readonly string[];
}

/**
 * Writes the schema of a database down and reads it back on the dev database, to see that it says the same.
 * Nothing in the database changes. Throws what reading it throws, and `sql-failed` when the SQL does not run.
 */
export async function adoptSchema(
  bench: Workbench,
  database: StateSource,
  options: Pick<PlanOptions, 'open'>,
): Promise<AdoptedSchema> {
  const { sql, unmanaged } = await inspectState(bench, database, options);
  const { up } = await planBetween(bench, database, schemaState(sql), { ...options, prove: false });
  return { sql, unmanaged, differences: up.steps.map(({ summary }) => summary) };
}

/** A schema's SQL as the state it describes. */
export function schemaState(sql: string): StateSource {
  return { type: 'scripts', label: 'schema.sql', files: [{ name: 'schema.sql', sql }] };
}
