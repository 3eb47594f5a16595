import type { FastifyInstance } from 'fastify';
import type { Project } from 'tidemark';
import type { BackupKeeper } from './backup-keeper.ts';

/**
 * GET /health. 503 when the application cannot work: no database, or one that the migrations do not fit. Old backups
 * are told and change no status: a load balancer that took the server away for them would make it worse.
 */
export function healthRoute(server: FastifyInstance, project: Project, keeper: BackupKeeper): void {
  server.get('/health', { logLevel: 'warn' }, async (request, reply) => {
    const database = await answers(project).catch((error: Error) => {
      request.log.error(error);
      return { ok: false };
    });
    const migrations = await migrationsOf(project).catch((error: Error) => {
      request.log.error(error);
      return { ok: false };
    });
    const backups = await backupsOf(project, keeper).catch((error: Error) => ({
      scheduled: keeper.isScheduled,
      failure: error.message,
    }));
    return reply.code(database.ok && migrations.ok ? 200 : 503).send({ database, migrations, backups });
  });
}

async function answers(project: Project) {
  const database = await project.connection();
  await database.query('SELECT count(*) AS notes FROM notes');
  return { ok: true, version: database.version };
}

async function migrationsOf(project: Project) {
  const { current, pending, problems } = await project.migrate.status();
  return { ok: pending === 0 && problems.length === 0, current, pending };
}

async function backupsOf(project: Project, keeper: BackupKeeper) {
  const { last, lastProven, nextDue, verdict, complete, problems } = await project.backups.status();
  return {
    scheduled: keeper.isScheduled,
    last: last === null ? null : { id: last.id, createdAt: last.createdAt, rows: last.rows },
    lastProven: lastProven?.id ?? null,
    nextDue,
    // Without a schedule nothing is promised.
    overdue: keeper.isScheduled && verdict === 'overdue',
    complete,
    problems,
    failure: keeper.failure ?? null,
  };
}
