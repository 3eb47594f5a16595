import { createInterface } from 'node:readline';
import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import type { Dialect } from '../../schema/dialect.js';
import { printError } from '../errors.js';
import type { Output } from '../output.js';
import { runMetaCommand } from './meta-commands.js';
import { runScript, showResult } from './run-script.js';

export interface SmallPromptOptions {
  readonly connection: Connection;
  readonly dialect: Dialect;
  readonly output: Output;
  readonly stdin: NodeJS.ReadableStream;
  /** Where the prompt is drawn. */
  readonly terminal: NodeJS.WritableStream;
  readonly cwd: string;
}

/** Reads statements and commands from a terminal until \\q or the end of input; an error does not end it. */
export async function runSmallPrompt(options: SmallPromptOptions): Promise<void> {
  const { connection, dialect, output, cwd } = options;
  const readline = createInterface({ input: options.stdin, output: options.terminal });
  let typed = '';
  // Input that ends closes it while the last lines are still being read; newer Node refuses a prompt then.
  let open = true;
  readline.once('close', () => {
    open = false;
  });
  const prompt = () => {
    if (!open) return;
    readline.setPrompt(typed === '' ? 'sql> ' : '...> ');
    readline.prompt();
  };
  readline.on('SIGINT', () => {
    typed = '';
    options.terminal.write('^C\n');
    prompt();
  });
  output.note(
    `${connection.version} at ${connection.label}. Statements end with ;  \\? for help, \\q to leave.`,
  );
  prompt();
  for await (const line of readline) {
    try {
      if (typed === '' && line.trimStart().startsWith('\\')) {
        const answer = await runMetaCommand(connection, line.trim());
        if (answer === undefined) break;
        output.result(answer);
      } else {
        typed += `${line}\n`;
        if (typed.trim() === '') typed = '';
        if (await isComplete(dialect, typed)) {
          const script = { text: typed, file: 'input' };
          typed = '';
          await runScript(connection, dialect, script, (result) => output.result(showResult(result)));
        }
      }
    } catch (error) {
      printError(error, output, false, cwd);
    }
    prompt();
  }
  readline.close();
}

/**
 * True when the text can run: the last thing in it is a semicolon that ends a statement. The parser is asked,
 * because a semicolon may also stand in a string, a dollar-quoted body or BEGIN ATOMIC. A text that is wrong
 * for good is complete too: running it shows the error.
 */
export async function isComplete(dialect: Dialect, text: string): Promise<boolean> {
  if (!text.trimEnd().endsWith(';')) return false;
  try {
    const last = (await dialect.splitScript(text, 'input')).at(-1);
    // Nothing but comments, one of them perhaps still open, waits for what it is about.
    if (last === undefined) return /^[\s;]*$/.test(text);
    return text
      .slice(last.offset + last.sql.length)
      .trimStart()
      .startsWith(';');
  } catch (error) {
    return !(error instanceof TidemarkError && /at end of input|unterminated/i.test(error.message));
  }
}
