import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { TidemarkError } from '../errors.js';
import type { Context } from './context.js';

/**
 * Where a script goes: to standard output, or to the file that `--output` names. Gives what to print. Throws
 * TidemarkError: `usage` (exit code 2) for `--output` without `--sql`, `output-unwritable`.
 */
export async function scriptOutput(context: Context, script: string): Promise<string> {
  const named = context.options.text('output');
  if (named === undefined) return script;
  const path = resolve(context.cwd, named);
  await writeWhole(path, script.endsWith('\n') ? script : `${script}\n`);
  return `wrote ${relative(context.cwd, path) || path}`;
}

/** Throws TidemarkError (`usage`, exit code 2) when there is no script that `--output` could hold. */
export function requireScriptForOutput({ options }: Context): void {
  if (options.text('output') === undefined || options.flag('sql')) return;
  throw new TidemarkError('usage', '--output takes the script of --sql', {
    exitCode: 2,
    hints: ['Add --sql.'],
  });
}

/** Takes the place of a file only once all of it is written; a pipe or a device is written to as it is. */
async function writeWhole(path: string, text: string): Promise<void> {
  try {
    const there = await stat(path).catch(() => undefined);
    if (there !== undefined && !there.isFile()) {
      await writeFile(path, text);
      return;
    }
    const target = there === undefined ? path : await realpath(path);
    const beside = `${target}.${randomBytes(4).toString('hex')}.tmp`;
    try {
      await writeFile(beside, text, { flag: 'wx', ...(there && { mode: there.mode }) });
      await rename(beside, target);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TidemarkError('output-unwritable', `cannot write ${path}: ${why}`, {
      hints: ['Check the path and that you may write there.'],
      cause,
    });
  }
}
