import { text as readAll } from 'node:stream/consumers';
import { TidemarkError } from '../../errors.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { runScript, type StatementResult, showResult } from '../shell/run-script.js';

interface ShellResult {
  readonly statements: readonly StatementResult[];
}

export async function run(context: Context): Promise<Outcome<ShellResult>> {
  const { options, output } = context;
  const commands = options.list('command');
  const interactive = commands.length === 0 && process.stdin.isTTY === true && !output.json;
  const done: Outcome<ShellResult> = { result: { statements: [] }, text: '' };
  if (options.flag('psql') && !output.json && (await handedToNative(context, commands, interactive)))
    return done;
  const connection = await context.openTarget();
  const dialect = await context.dialect();
  if (interactive) {
    const { runSmallPrompt } = await import('../shell/small-prompt.js');
    const { stdin, stderr: terminal } = process;
    await runSmallPrompt({ connection, dialect, output, stdin, terminal, cwd: context.cwd });
    return done;
  }
  const scripts =
    commands.length > 0
      ? commands.map((text) => ({ text, file: '--command' }))
      : [{ text: await readAll(process.stdin), file: 'standard input' }];
  const statements: StatementResult[] = [];
  for (const script of scripts) {
    await runScript(connection, dialect, script, (result) => {
      if (output.json) statements.push(result);
      else output.result(showResult(result));
    });
  }
  return { result: { statements }, text: '' };
}

/** True when psql or sqlite3 did the work; false when it is not installed, and for an embedded database. */
async function handedToNative(
  context: Context,
  commands: readonly string[],
  interactive: boolean,
): Promise<boolean> {
  const url = await context.url();
  if (url.adapter === 'embedded' || (url.adapter === 'sqlite' && url.path === undefined)) return false;
  context.interruptible = false;
  const name = url.adapter === 'server' ? 'psql' : 'sqlite3';
  const code =
    url.adapter === 'server'
      ? await (await import('../shell/psql.js')).runPsql({ url, commands, interactive, env: context.env })
      : await (await import('../shell/sqlite3.js')).runSqlite3({ path: url.path!, commands, interactive });
  context.interruptible = true;
  if (code === undefined) context.output.detail(`${name} is not installed: using the small prompt`);
  if (code)
    throw new TidemarkError(`${name}-failed`, `${name} ended with exit code ${code}`, {
      details: { exitCode: code },
    });
  return code === 0;
}
