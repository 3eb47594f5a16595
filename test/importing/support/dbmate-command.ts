import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { describe } from 'vitest';

/** The dbmate that npm brings where it has one for this platform; $DBMATE comes first. */
const dbmateCommand = process.env.DBMATE ?? fromNpm();

function fromNpm(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`@dbmate/${process.platform}-${process.arch}/bin/dbmate`);
  } catch {
    return undefined;
  }
}

/**
 * Tests that need the real dbmate. On a machine without it they count as skipped and one line says what to do;
 * under `CI=true` that is a failure.
 */
export function describeWithDbmate(title: string, tests: () => void): void {
  if (dbmateCommand !== undefined) {
    describe(title, tests);
    return;
  }
  const reason = `npm brought no dbmate for ${process.platform}-${process.arch}: set DBMATE to its program`;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`${title}: skipped, ${reason}`);
  describe.skip(title, tests);
}

/** Runs a command of dbmate in a project's folder and gives what it printed; it dumps no schema. */
export function dbmate(folder: string, url: string, ...words: readonly string[]): string {
  return execFileSync(dbmateCommand ?? 'dbmate', ['--no-dump-schema', ...words], {
    cwd: folder,
    encoding: 'utf8',
    // Nothing else: the developer's DBMATE_* and PG* are not this project's.
    env: { DATABASE_URL: forDbmate(url) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** dbmate asks for TLS unless it is told not to. */
function forDbmate(url: string): string {
  if (!url.startsWith('postgres')) return url;
  const address = new URL(url);
  address.searchParams.set('sslmode', 'disable');
  return address.href;
}
