import type { Difference } from '../planning/difference.js';
import type { InspectedState } from '../planning/inspect-state.js';
import type { RenameOptions } from './planning.js';
import type { CallOptions, ProjectSession } from './project-session.js';

export interface InspectOptions extends CallOptions {
  /** A state as the command line takes it: a URL, a file, `migrations:@revision`, … Default: the database. */
  readonly state?: string | undefined;
}

export interface SchemaDiffOptions extends CallOptions, RenameOptions {
  /** Default: the database. */
  readonly from?: string | undefined;
  /** Default: the schema files. */
  readonly to?: string | undefined;
}

/** The calls about whole schemas. They change nothing. */
export interface SchemaApi {
  /** Reads a state as facts and SQL, as `tidemark schema inspect`. */
  inspect(options?: InspectOptions): Promise<InspectedState>;
  /** How two states differ, as `tidemark schema diff`. */
  diff(options?: SchemaDiffOptions): Promise<Difference>;
}

/** The calls of `project.schema`. */
export function schemaApi(project: ProjectSession): SchemaApi {
  return {
    async inspect({ state, ...options } = {}) {
      const { atWorkbench, namedSource, opener, targetSource } = await import('./planning.js');
      const { inspectState } = await import('../planning/inspect-state.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const source = state === undefined ? targetSource(project) : await namedSource(project, state, 'state');
      return atWorkbench(project, options, [source], (bench, signal) =>
        unlessAborted(inspectState(bench, source, { open: opener(project) }), signal),
      );
    },
    async diff({ from, to, signal, ...renames } = {}) {
      const { atWorkbench, namedSource, planOptions, schemaSource, targetSource } = await import(
        './planning.js'
      );
      const { planBetween } = await import('../planning/plan-between.js');
      const { differenceOf } = await import('../planning/difference.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const wanted = to === undefined ? await schemaSource(project) : await namedSource(project, to, '"to"');
      const current = from === undefined ? targetSource(project) : await namedSource(project, from, '"from"');
      return atWorkbench(project, { signal }, [current, wanted], async (bench, given) => {
        const options = planOptions(project, bench, wanted, renames, 'drop');
        return differenceOf(
          await unlessAborted(planBetween(bench, current, wanted, { ...options, prove: false }), given),
        );
      });
    },
  };
}
