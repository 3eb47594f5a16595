import { openDatabase } from '../database/open-database.js';
import { openDevDatabase } from '../database/open-dev-database.js';
import { loadDialect } from '../dialects.js';
import type { PlanOptions } from '../planning/plan-between.js';
import { renameComments } from '../planning/rename-comments.js';
import { resolveSource } from '../planning/resolve-source.js';
import { readSchemaFiles } from '../planning/schema-files.js';
import { engineOf, type StateSource } from '../planning/state-source.js';
import { usingComments } from '../planning/using-comments.js';
import { Workbench } from '../planning/workbench.js';
import { filterOf } from '../schema/object-filter.js';
import { parseRenameFlag, shortName, unansweredRenames } from '../schema/rename.js';
import { unansweredConversions } from '../schema/value-conversions.js';
import { ProjectConnection } from './project-connection.js';
import type { CallOptions, ProjectSession } from './project-session.js';

/** What is known about renames and values of another type; what is not settled is refused. */
export interface RenameOptions {
  /** `table=new_name`, `table.column=new_name`, as `--rename`. */
  readonly renames?: readonly string[] | undefined;
  /** Names of what is dropped and created, not renamed, as `--not-renamed`. */
  readonly notRenamed?: readonly string[] | undefined;
  /** SQL expressions for columns that get another type, by their names, as `--using`. */
  readonly using?: Readonly<Record<string, string>> | undefined;
}

/** What may be lost by what a call writes. */
export interface ConsentOptions {
  /** `drop-column:users.nick`, `drop-table`, `all`, as `--allow`. Without it, losing data is refused. */
  readonly allow?: readonly string[] | undefined;
}

/** The environment's schema files as a state. */
export async function schemaSource({ environment }: ProjectSession): Promise<StateSource> {
  const files = await readSchemaFiles(environment.schema, environment.root);
  return { type: 'scripts', label: files.map((file) => file.name).join(', '), files };
}

/** The environment's database as a state. */
export function targetSource({ label, url }: ProjectSession): StateSource {
  return { type: 'database', label, url };
}

/** A state that the caller named. */
export function namedSource(project: ProjectSession, text: string, source: string): Promise<StateSource> {
  const { root: base } = project.environment;
  return resolveSource(text, { base, env: process.env, source, migrations: () => project.folder() });
}

/** Runs `work` with a workbench of its own; `exclude` is left out beside what the environment leaves out. Given up, its dev database goes and `work` with it. */
export async function atWorkbench<T>(
  project: ProjectSession,
  options: CallOptions & { readonly exclude?: readonly string[] },
  states: readonly StateSource[],
  work: (bench: Workbench, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  return project.call(options, async (signal) => {
    const { dev } = project.environment;
    const filter = filterOf(project.environment, options.exclude);
    const engine = engineOf(states) ?? project.url.engine;
    const dialect = await loadDialect(engine);
    const openDev = () => openDevDatabase({ engine, dev, target: project.url });
    const bench = new Workbench({ dialect, filter, openDev });
    try {
      return await work(bench, signal);
    } finally {
      await bench.close();
    }
  });
}

/**
 * Opens a database that a call reads. The project's own file, folder or memory is read in the session that
 * the project has on it: there can be no other on a folder, and memory would be another database.
 */
export function opener(project: ProjectSession): PlanOptions['open'] {
  return async (url) => {
    const shared = url === project.url && url.adapter !== 'server';
    if (!shared || !(project.connected || url.path === undefined)) {
      return openDatabase(url, { missing: 'refuse' });
    }
    const session = await project.session();
    return new ProjectConnection(session, { run: (work) => work(session), close: async () => {} });
  };
}

/** What a call plans with. Likely renames that nobody settled are refused, or dropped and created. */
export function planOptions(
  project: ProjectSession,
  { dialect }: Workbench,
  wanted: StateSource,
  { renames = [], notRenamed = [], using = {}, allow = [] }: RenameOptions & ConsentOptions,
  unanswered: 'refuse' | 'drop',
): PlanOptions {
  const comments = wanted.type === 'scripts' ? renameComments(wanted.files) : [];
  const denied = new Set(notRenamed);
  return {
    open: opener(project),
    renames: [...renames.map(parseRenameFlag), ...comments],
    async onLikelyRenames(likely) {
      // Whoever allows the loss has answered the question whether it was renamed or dropped.
      const open = likely.filter(
        ({ before }) =>
          !denied.has(shortName(before)) &&
          !denied.has(before.id) &&
          !allow.includes('all') &&
          !allow.includes(`drop-${before.kind}:${shortName(before)}`),
      );
      if (open.length > 0 && unanswered === 'refuse') throw unansweredRenames(open, dialect);
      return [];
    },
    conversions: [
      ...Object.entries(using).map(([name, expression]) => {
        return { name, expression, source: `using: ${JSON.stringify(name)}`, required: true };
      }),
      ...(wanted.type === 'scripts' ? usingComments(wanted.files) : []),
    ],
    async onUnknownConversions(open) {
      if (unanswered === 'refuse') throw unansweredConversions(open, dialect);
      return new Map();
    },
  };
}
