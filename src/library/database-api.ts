import { TidemarkError } from '../errors.js';
import type { SqliteCheck, SqliteRequirement } from '../sqlite/check-database.js';
import type { CallOptions, ProjectSession } from './project-session.js';

export interface CheckOptions extends CallOptions {
  /** Tables, columns and the like that must be there. */
  readonly require?: readonly SqliteRequirement[];
}

/** The calls that look after the database itself. */
export interface DatabaseApi {
  /**
   * Looks a SQLite database over, as `tidemark db check`; that it is not there is one of its problems. Throws
   * TidemarkError (`engine-unsupported`) for another.
   */
  check(options?: CheckOptions): Promise<SqliteCheck>;
}

/** The calls of `project.database`. */
export function databaseApi(project: ProjectSession): DatabaseApi {
  return {
    async check({ require = [], ...options } = {}) {
      const { url } = project;
      if (url.adapter !== 'sqlite') {
        throw new TidemarkError(
          'engine-unsupported',
          'only a SQLite database can be checked through the library',
        );
      }
      const { checkSqlite, filesBeside } = await import('../sqlite/check-database.js');
      const files = !project.connected && url.path !== undefined ? filesBeside(url.path) : [];
      return project.look(options, async (session, problems) => {
        const check = await checkSqlite(session, { require, files });
        return { ...check, problems: [...problems, ...check.problems] };
      });
    },
  };
}
