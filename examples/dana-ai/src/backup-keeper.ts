import type { FastifyBaseLogger } from 'fastify';
import type { BackupSchedule, BackupScheduleEvent, Project } from 'tidemark';

/** Keeps the database backed up while the server runs, and remembers what went wrong last. */
export class BackupKeeper {
  readonly #project: Project;
  readonly #log: FastifyBaseLogger;
  #schedule: BackupSchedule | undefined;
  #failure: string | undefined;

  constructor(project: Project, log: FastifyBaseLogger) {
    this.#project = project;
    this.#log = log;
  }

  /**
   * How often, and how long backups are kept, say BACKUP_INTERVAL_HOURS and its companions, else the configuration.
   * Throws TidemarkError for a value that cannot be; later nothing is thrown: what fails is tried again.
   */
  async start(): Promise<void> {
    this.#schedule = await this.#project.backups.schedule({ onEvent: (event) => this.#note(event) });
  }

  get isScheduled(): boolean {
    return this.#schedule !== undefined;
  }

  /** The message of the last attempt, if it failed. */
  get failure(): string | undefined {
    return this.#failure;
  }

  async stop(): Promise<void> {
    await this.#schedule?.stop();
    this.#schedule = undefined;
  }

  #note(event: BackupScheduleEvent): void {
    switch (event.type) {
      case 'backup-made': {
        const { id, rows, bytes } = event.backup;
        this.#failure = undefined;
        this.#log.info({ id, rows, bytes }, 'backed up');
        break;
      }
      case 'verified':
        this.#log.info({ id: event.verified.id }, 'restored the newest backup for proof');
        break;
      case 'waiting':
        this.#log.info(`the next backup is due at ${event.until.toISOString()}`);
        break;
      case 'busy':
        this.#log.debug('another server has the turn');
        break;
      case 'failed':
        this.#failure = `${event.part}: ${event.error.message}`;
        this.#log.error({ retryMs: event.retryMs }, this.#failure);
        break;
    }
  }
}
