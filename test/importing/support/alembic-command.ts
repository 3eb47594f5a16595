import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/** The Alembic of this machine: $ALEMBIC, else the one on PATH. */
export const alembicCommand: string | undefined =
  process.env.ALEMBIC ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'alembic'))
    .find((path) => existsSync(path));

/**
 * Tests that need the real Alembic. On a machine without it they count as skipped and one line says what to run;
 * under `CI=true` that is a failure.
 */
export function describeWithAlembic(title: string, tests: () => void): void {
  if (alembicCommand !== undefined) {
    describe(title, tests);
    return;
  }
  const reason = 'no Alembic here: run scripts/install-test-tools.sh as root on Debian, or set ALEMBIC';
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`${title}: skipped, ${reason}`);
  describe.skip(title, tests);
}

/** Runs a command of Alembic in a project's folder, which gets the URL in DATABASE_URL as SQLAlchemy spells it. */
export function alembic(folder: string, url: string, ...words: readonly string[]): string {
  return execFileSync(alembicCommand ?? 'alembic', words, {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      DATABASE_URL: url
        .replace(/^postgres(ql)?:/, 'postgresql+psycopg2:')
        .replace(/^sqlite:\//, 'sqlite:////'),
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
