import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { EngineName } from '../database/connection.js';
import type { Dialect } from '../schema/dialect.js';
import { type EngineSql, engineSql } from './engine-sql.js';
import type { Operation, RunIdentity } from './history.js';
import { TOOL_VERSION } from './tool-version.js';

/** What it takes to plan a run, with every statement of it; no database is needed. */
export interface PlanContext {
  readonly dialect: Dialect;
  readonly engine: EngineSql;
  readonly identity: RunIdentity;
}

/** For a run that only becomes a script. `by`: as in `MigrateOptions`. */
export async function planContext(
  dialect: Dialect,
  engine: EngineName,
  operation: Operation,
  by: string | undefined,
): Promise<PlanContext> {
  return { dialect, engine: await engineSql(engine), identity: runIdentity(operation, by) };
}

/** The identity of a new run. */
export function runIdentity(operation: Operation, by: string | undefined): RunIdentity {
  return {
    run: randomUUID(),
    operation,
    by: by ?? systemUser(),
    host: hostname(),
    pid: process.pid,
    toolVersion: TOOL_VERSION,
  };
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number without a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
