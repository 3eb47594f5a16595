import { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { importModule } from '../import-module.js';
import { type MigrationDatabase, type ProgramSession, withMigrationDatabase } from './migration-database.js';
import type { Migration } from './migration-file.js';

/** One direction of a migration in TypeScript. It runs in the transaction it is given. */
export type Program = (session: ProgramSession) => Promise<void>;

export interface Programs {
  readonly upgrade: Program;
  /** Undefined when the module has none: it cannot be taken down. */
  readonly downgrade: Program | undefined;
}

type Step = (db: MigrationDatabase) => unknown;

/**
 * Loads a migration in TypeScript or JavaScript, from source. Throws TidemarkError (`migration-invalid`) when
 * it cannot be loaded or exports no function `upgrade`.
 */
export async function loadProgram({
  path,
  checksum,
}: Pick<Migration, 'path' | 'checksum'>): Promise<Programs> {
  let exports: Record<string, unknown>;
  try {
    exports = await importModule(path, checksum);
  } catch (error) {
    const { message } = error as Error;
    throw new TidemarkError('migration-invalid', `${path} cannot be loaded: ${message}`, {
      location: { file: path, line: placeIn(error, path) ?? 1 },
      cause: error,
    });
  }
  const upgrade = stepOf(exports, 'upgrade', path);
  if (upgrade === undefined) {
    throw new TidemarkError('migration-invalid', `${path} exports no function "upgrade"`, {
      location: { file: path, line: 1 },
      hints: ['Write: export async function upgrade(db: MigrationDatabase) { … }'],
    });
  }
  const downgrade = stepOf(exports, 'downgrade', path);
  const program = (step: Step): Program => {
    return (session) => withMigrationDatabase(session, path, step);
  };
  return { upgrade: program(upgrade), downgrade: downgrade && program(downgrade) };
}

function stepOf(exports: Record<string, unknown>, name: string, path: string): Step | undefined {
  const found = exports[name] ?? (exports.default as Record<string, unknown> | undefined)?.[name];
  if (found === undefined || typeof found === 'function') return found as Step | undefined;
  throw new TidemarkError('migration-invalid', `${path}: its export "${name}" is not a function`, {
    location: { file: path, line: 1 },
  });
}

/** The line of the file at which an error arose, as its stack tells; undefined when it does not. */
export function placeIn(error: unknown, path: string): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const at = error.stack?.split('\n').find((line) => line.includes(path) || line.includes(encodeURI(path)));
  const line = /:(\d+):\d+\)?$/.exec(at ?? '')?.[1];
  const inner = error instanceof DatabaseError ? undefined : error.cause;
  return line === undefined ? placeIn(inner, path) : Number(line);
}
