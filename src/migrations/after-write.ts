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
  let output = '';
  const ended = await run(command, cwd, files, (chunk) => {
    output = (output + chunk).slice(-SHOWN);
  }).catch((error: NodeJS.ErrnoException) => `cannot be started (${error.code ?? error.message})`);
  if (ended !== undefined) throw hookFailed(`"${command.join(' ')}" ${ended}`, output);
}

/** How the command ended, in words; undefined when all went well. */
function run(
  [program, ...args]: AfterWrite['command'],
  cwd: string,
  files: readonly string[],
  onOutput: (chunk: string) => void,
): Promise<string | undefined> {
  // Some faults are thrown (a .cmd file on Windows), others come as an event: both reject.
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, ...files], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onOutput);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
    });
  });
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
