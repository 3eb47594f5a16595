import type { ResolvedEnvironment } from '../project/environment.js';
import { loadEnvironment } from '../project/load-environment.js';
import { Turns } from './turns.js';

/** Which environment of which project is meant. */
export interface EnvironmentChoice {
  readonly folder: string;
  readonly environment: string | undefined;
  readonly url: string | undefined;
  readonly migrations: string | undefined;
}

/** A configuration reads the variables of the process, so only one project at a time can have its own there. */
const turns = new Turns();

/**
 * Reads a project's environment as the command line does. Its configuration finds the variables of its `.env`
 * in `process.env`; when it has been read, they are gone from there again, so that the next project of this
 * process is not led to this one's database. Throws what `loadEnvironment` does.
 */
export function loadProjectEnvironment(choice: EnvironmentChoice): Promise<ResolvedEnvironment> {
  const { folder: cwd, environment: env, url, migrations } = choice;
  return turns.take(async () => {
    const added = new Map<string, string>();
    const variables = new Proxy(process.env, {
      set(target, name, value: string) {
        if (typeof name === 'string') added.set(name, value);
        return Reflect.set(target, name, value);
      },
    });
    try {
      return await loadEnvironment({ cwd, flags: { env, url, migrations }, env: variables, several: true });
    } finally {
      for (const [name, value] of added) if (process.env[name] === value) delete process.env[name];
    }
  });
}
