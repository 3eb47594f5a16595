import type { Connection } from '../../database/connection.js';
import type { PostgresUrl } from '../../database/database-url.js';
import { connectPostgres } from '../../database/postgres-server.js';
import type { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import type { BackupRun } from '../events.js';
import { type Swap, swapDatabases } from './swap-databases.js';
import type { SwapSession } from './swap-session.js';

export interface SwapLiveOptions extends BackupRun {
  readonly url: PostgresUrl;
  readonly lockTimeoutMs: number;
}

/**
 * Swaps while no migration and no backup runs: its own session holds their lock, and is the last one that the swap
 * ends. Afterwards nobody can take the lock before the new database is live. Gives how long it took, in milliseconds.
 */
export async function swapLive(
  { connection, database }: SwapSession,
  { url, lockTimeoutMs, signal, onEvent }: SwapLiveOptions,
  swap: Omit<Swap, 'database' | 'timeoutMs'>,
): Promise<{ readonly swapMs: number }> {
  let guard: Connection | undefined;
  try {
    if (swap.old !== undefined) {
      guard = await connectPostgres({ ...url, database });
      const engine = await migrationEngine(guard);
      await engine.lock(
        lockTimeoutMs,
        () => onEvent?.({ type: 'phase', phase: 'waiting for a migration or a backup to end' }),
        signal,
      );
    }
    const started = performance.now();
    await swapDatabases(connection, { ...swap, database, timeoutMs: Math.max(lockTimeoutMs, 5000) });
    return { swapMs: performance.now() - started };
  } finally {
    await guard?.close().catch((_: TidemarkError) => {});
  }
}
