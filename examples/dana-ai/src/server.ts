// Starts the application: the database is brought up to date, backups are scheduled, then it listens.
//
//     node src/server.ts        (Node 22.18 or later; else: npx jiti src/server.ts)
import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { openProject, type Project, TidemarkError } from 'tidemark';
import { BackupKeeper } from './backup-keeper.ts';
import { healthRoute } from './health-route.ts';
import { noteRoutes } from './note-routes.ts';
import { prepareDatabase } from './prepare-database.ts';

const { HOST = '127.0.0.1', PORT = '3000' } = process.env;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => stop.abort(new Error(signal)));
}

const server = Fastify({ logger: true });
try {
  const project = await openProject({ folder: fileURLToPath(new URL('..', import.meta.url)) });
  try {
    await serve(project, server.log);
  } finally {
    await project.close();
  }
} catch (error) {
  if (stop.signal.aborted) server.log.info('stopped before it listened');
  else fail(error, server.log);
}

async function serve(project: Project, log: FastifyBaseLogger): Promise<void> {
  await prepareDatabase(project, log, stop.signal);
  const backups = new BackupKeeper(project, log);
  if (project.environment.production) await backups.start();
  try {
    noteRoutes(server, project);
    healthRoute(server, project, backups);
    await server.listen({ host: HOST, port: Number(PORT) });
    if (!stop.signal.aborted) {
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
    }
    log.info('stopping');
  } finally {
    // Requests that are being answered are answered; a backup that is being made is given up and leaves nothing.
    await server.close();
    await backups.stop();
  }
}

/** Without a database that is up to date nothing is served: a supervisor sees the exit code and tries again. */
function fail(error: unknown, log: FastifyBaseLogger): void {
  process.exitCode = 1;
  if (!(error instanceof TidemarkError)) {
    log.fatal(error);
    return;
  }
  log.fatal({ code: error.code }, error.message);
  for (const hint of error.hints) log.fatal(hint);
}
