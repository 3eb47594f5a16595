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
  if (options.flag('psql') && !output.json && (await handedToPsql(context, commands, interactive)))
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

/** True when psql did the work; false when it is not installed or the database is not a server's. */
async function handedToPsql(
  context: Context,
  commands: readonly string[],
  interactive: boolean,
): Promise<boolean> {
  const url = await context.url();
  if (url.adapter !== 'server') return false;
  const { runPsql } = await import('../shell/psql.js');
  context.interruptible = false;
  const code = await runPsql({ url, commands, interactive, env: context.env });
  context.interruptible = true;
  if (code === undefined) context.output.detail('psql is not installed: using the small prompt');
  if (code)
    throw new TidemarkError('psql-failed', `psql ended with exit code ${code}`, {
      details: { exitCode: code },
    });
  return code === 0;
}
