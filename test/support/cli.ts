import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built command line. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed or piped in; nothing by default. Never a terminal. */
  readonly stdin?: string;
}

/** Variables that would say which database is meant, or colour the output. */
const leading = /^(DATABASE_URL|DB_|PG|TIDEMARK_|NO_COLOR|FORCE_COLOR|CI$)/;

/** Runs the built command line in a process of its own, away from the variables of this one. */
export async function tidemark(
  args: readonly string[],
  { cwd, env = {}, stdin = '' }: CliOptions,
): Promise<CliResult> {
  if (!existsSync(main)) throw new Error('dist/ is missing: run npm run build');
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !leading.test(name)));
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...clean, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined); // The command need not read it.
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}
