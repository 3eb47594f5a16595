import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { TidemarkError } from '../errors.js';
import { aborted } from '../migrations/abort.js';
import type { ReadOptions } from './imported-project.js';

/** What runs apart: `import-worker` knows each. */
export type ApartTask = 'knex' | 'node-pg-migrate';

/**
 * Runs the project's own programs in a process of its own, in the project's folder and with the environment given:
 * what they print, change or leave open does not concern this one. Gives the task's answer. Throws TidemarkError:
 * `import-tool-failed` when the process ends without an answer, `aborted`, and the TidemarkError that the task threw.
 */
export async function runApart(
  task: ApartTask,
  request: object,
  folder: string,
  { env, signal }: ReadOptions,
): Promise<unknown> {
  const ending = extname(import.meta.url);
  const worker = fileURLToPath(new URL(`./import-worker${ending}`, import.meta.url));
  const child = fork(worker, [], {
    cwd: folder,
    env,
    execArgv: ending === '.ts' ? ['--import', typescriptLoader()] : [],
    ...(signal === undefined ? {} : { signal }),
    silent: true,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      printed = (printed + chunk).slice(-4000);
    });
  }
  return new Promise((resolve, reject) => {
    let answered = false;
    child.on('error', (error) => reject(signal?.aborted ? aborted(signal) : error));
    child.on('message', (answer: WorkerAnswer) => {
      answered = true;
      if ('value' in answer) resolve(answer.value);
      else reject(new TidemarkError(answer.error.code, answer.error.message, answer.error));
    });
    child.on('close', (code, signalName) => {
      if (answered) return;
      const said = printed.trimEnd().split(/\r?\n/).slice(-12).join('\n');
      const how = code === null ? `by ${signalName}` : `with exit code ${code}`;
      reject(
        new TidemarkError('import-tool-failed', `the project's migrations ended the process ${how}`, {
          hints: [`They said last:\n${said || '(nothing)'}`],
        }),
      );
    });
    child.send({ task, request });
  });
}

/** What a worker sends back: a value, or what a TidemarkError is made of. */
export type WorkerAnswer =
  | { readonly value: unknown }
  | {
      readonly error: Pick<TidemarkError, 'code' | 'message' | 'hints' | 'exitCode' | 'details'> & {
        readonly location?: { readonly file: string; readonly line: number };
      };
    };

/** For the tests, which run from source. */
function typescriptLoader(): string {
  const jiti = createRequire(import.meta.url).resolve('jiti/package.json');
  return pathToFileURL(join(jiti, '..', 'lib', 'jiti-register.mjs')).href;
}
