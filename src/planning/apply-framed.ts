import type { Connection } from '../database/connection.js';
import type { MigrationEngine } from '../migrations/engine.js';
import { readScript } from '../migrations/script.js';
import type { Dialect } from '../schema/dialect.js';
import type { Plan } from '../schema/plan.js';
import { renderPlan } from '../schema/render-plan.js';

/**
 * Runs a plan as the migration it would be written as: in one transaction, with everything that the engine
 * asks for around it (SQLite: foreign keys off before, rows asked, rows counted, checks before the commit).
 * What fails is thrown after everything was undone; `onStatement` is called with each statement before it runs.
 */
export async function applyFramed(
  connection: Connection,
  plan: Plan,
  dialect: Dialect,
  engine: MigrationEngine,
  onStatement: (sql: string) => void,
): Promise<void> {
  const script = await readScript(dialect, renderPlan(plan), 'the plan', 'file', engine.mayCommit);
  const frame = await engine.frame?.(script);
  try {
    await connection.executeAll([engine.begin]);
    await frame?.opened();
    for (const [at, { sql }] of script.statements.entries()) {
      if (frame?.covered.has(at)) continue;
      onStatement(sql);
      await frame?.before(at);
      await connection.executeAll([sql]);
    }
    await frame?.verify();
    await connection.executeAll(['COMMIT']);
  } catch (error) {
    await connection.executeAll(['ROLLBACK']).catch(() => undefined);
    throw error;
  } finally {
    await frame?.close();
  }
}
