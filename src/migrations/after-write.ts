import { spawn } from 'node:child_process';
import { TidemarkError } from '../errors.js';

/** A command that is run with the files that were written. */
export interface AfterWrite {
  /** The program and its arguments; there is no shell in between. */
  readonly command: readonly [program: string, ...args: string[]];
  /** The folder it runs in. */
  readonly cwd: string;
}

/** How much of the command's output an error shows. */
const SHOWN = 4000;

/**
 * Runs the command with the files' paths as its last arguments, and waits for its end. Throws TidemarkError
 * (`hook-failed`) with its output when it cannot be started or ends with anything but 0.
 */
export async function runAfterWrite({ command, cwd }: AfterWrite, files: readonly string[]): Promise<void> {
  const [program, ...args] = command;
  const called = command.join(' ');
  let output = '';
  const ended = await new Promise<string | undefined>((resolve) => {
    const child = spawn(program, [...args, ...files], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output = (output + chunk).slice(-SHOWN);
      });
    }
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(`cannot be started (${error.code ?? error.message})`),
    );
    child.on('close', (code, signal) =>
      resolve(
        code === 0 ? undefined : signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`,
      ),
    );
  });
  if (ended !== undefined) throw hookFailed(`"${called}" ${ended}`, output);
}

/** What is wrong with what the command did; nothing of the migration stays. */
export function hookFailed(what: string, output = ''): TidemarkError {
  const excerpt = output.trim();
  return new TidemarkError('hook-failed', `newMigrations.afterWrite: ${what}; nothing was written`, {
    hints: [
      'Correct the command in the configuration; it gets the paths of the written files as its last arguments.',
      'It is run without a shell: on Windows name a program, not a .cmd file: ["node", "node_modules/x/cli.js"].',
    ],
    ...(excerpt === '' ? {} : { excerpt }),
  });
}
