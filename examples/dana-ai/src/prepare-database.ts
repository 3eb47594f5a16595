import { readdir } from 'node:fs/promises';
import type { FastifyBaseLogger } from 'fastify';
import type { Project } from 'tidemark';

/**
 * Applies what is pending. In production it keeps the schema that comes of it, once: `tidemark schema detect` later
 * says what others have changed since. Replicas that start at once take turns. Throws TidemarkError when the database cannot be
 * brought up to date.
 */
export async function prepareDatabase(
  project: Project,
  log: FastifyBaseLogger,
  signal: AbortSignal,
): Promise<void> {
  const { steps, after } = await project.migrate.up({
    signal,
    onEvent: (event) => {
      if (event.type === 'migration-done') log.info({ ms: event.durationMs }, `applied ${event.step.name}`);
    },
  });
  log.info({ applied: steps.length }, `${project.label} is at ${after.join(', ')}`);

  if (!project.environment.production || (await hasSnapshot(project))) return;
  const { file } = await project.schema.snapshot({ signal });
  log.info({ file }, 'took the first snapshot of the schema');
}

/** Not a new one at every start: changes by others between two would never be seen. */
async function hasSnapshot({ environment }: Project): Promise<boolean> {
  const files = await readdir(environment.snapshots).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return files.some((file) => file.endsWith(`_${environment.name}.sql`));
}
