import { TidemarkError } from '../errors.js';
import type { ApartTask, WorkerAnswer } from './run-apart.js';

// The process that `runApart` starts. It answers once and ends, whatever the project's programs have left open.

const TASKS: Readonly<Record<ApartTask, (request: never) => Promise<unknown>>> = {
  knex: async (request) => (await import('./tools/knex-render.js')).renderKnex(request),
  'node-pg-migrate': async (request) =>
    (await import('./tools/node-pg-migrate-render.js')).renderNodePgMigrate(request),
};

process.once('message', async ({ task, request }: { task: ApartTask; request: never }) => {
  let answer: WorkerAnswer;
  try {
    answer = { value: await TASKS[task](request) };
  } catch (error) {
    answer = { error: described(error) };
  }
  process.send?.(answer, () => process.exit(0));
});

function described(error: unknown): Extract<WorkerAnswer, { error: unknown }>['error'] {
  if (error instanceof TidemarkError) {
    const { code, message, hints, exitCode, details, location } = error;
    return { code, message, hints, exitCode, details, ...(location === undefined ? {} : { location }) };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return {
    code: 'import-tool-failed',
    message: `the project's migrations cannot be loaded: ${message}`,
    hints: stack === undefined ? [] : [`Node says:\n${stack.split('\n').slice(0, 8).join('\n')}`],
    exitCode: 1,
    details: {},
  };
}
