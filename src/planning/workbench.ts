import { isDeepStrictEqual } from 'node:util';
import type { Connection } from '../database/connection.js';
import { DatabaseError } from '../database/connection.js';
import type { DevDatabase } from '../database/dev-database.js';
import { TidemarkError } from '../errors.js';
import type { Dialect, ObjectFilter, Prerequisite } from '../schema/dialect.js';
import { diffSchemas } from '../schema/diff.js';
import type { Schema } from '../schema/object.js';
import { requireUsable } from '../schema/object-filter.js';
import { isEmptyPlan, type Plan, planStatements, stepAt } from '../schema/plan.js';
import { planChanges } from '../schema/planner.js';
import { bookkeepingLines, type ToolTable } from '../schema/tool-bookkeeping.js';
import { fitsTransaction, runScripts, type ScriptFile, splitScripts } from './run-scripts.js';
import { cachedState, cacheState, stateKey } from './state-cache.js';

/** Something that puts a state into an empty database. */
export interface Builder {
  /** True when it may run inside one transaction. */
  readonly transactional: boolean;
  /** True when it makes what some database has accepted before. */
  readonly existing?: boolean;
  run(connection: Connection): Promise<void>;
}

/**
 * What planning works with: the dialect, a dev database that is opened when first needed, and the filter
 * that holds for every state read.
 */
export class Workbench {
  readonly dialect: Dialect;
  readonly filter: ObjectFilter;
  /** Things the user should be told, in the order they came up. */
  readonly notes: string[] = [];
  readonly #leftAlone = new Map<string, ToolTable>();
  readonly #openDev: () => Promise<DevDatabase>;
  #dev: Promise<DevDatabase> | undefined;
  /** Roles that a live database's objects were found to need: each that is missing costs a build. */
  readonly #liveRoles: Prerequisite[] = [];

  constructor(options: {
    readonly dialect: Dialect;
    readonly filter?: ObjectFilter;
    readonly openDev: () => Promise<DevDatabase>;
  }) {
    this.dialect = options.dialect;
    this.filter = options.filter ?? { exclude: [] };
    requireUsable(this.filter, this.dialect);
    this.#openDev = options.openDev;
  }

  dev(): Promise<DevDatabase> {
    this.#dev ??= this.#openDev().then((dev) => this.#fit(dev));
    return this.#dev;
  }

  /** Roles belong to a whole server: SQL that makes some may run only where they go with it. */
  async #fit(dev: DevDatabase): Promise<DevDatabase> {
    if (dev.sharesRoles !== true || !this.filter.withKinds?.includes('role')) return dev;
    await dev.close();
    throw new TidemarkError(
      'dev-not-allowed',
      `roles are managed, and ${dev.label} would keep those that SQL makes`,
      {
        exitCode: 2,
        hints: ["Leave `dev` at 'embedded', which has roles of its own, or `roles` at false."],
      },
    );
  }

  async close(): Promise<void> {
    const dev = await this.#dev?.catch(() => undefined);
    this.#dev = undefined;
    await dev?.close();
  }

  /** A database with nothing of the user's in it. */
  empty(engineVersion = 0): Schema {
    return this.dialect.newDatabase(engineVersion);
  }

  /**
   * Reads the state that scripts build, from the cache when the same text was read before. What programs do is not in
   * their text alone, so states with one are read anew.
   */
  async readScripts(files: readonly ScriptFile[]): Promise<Schema> {
    const key = files.some((file) => file.program) ? undefined : await this.#keyOf(files);
    const known = key && (await cachedState(key));
    if (known) {
      for (const note of known.notes) this.note(note);
      this.met(known.schema);
      return known.schema;
    }
    const told = this.notes.length;
    const builder = await this.scriptsBuilder(files);
    const built = await this.build(builder, (connection) => this.dialect.readSchema(connection, this.filter));
    const schema = this.#complete(built, files);
    this.met(schema);
    if (key) await cacheState(key, { schema, notes: this.notes.slice(told) });
    return schema;
  }

  /** Remembers what scripts build when that is known without running them: their last one was just proven. */
  async rememberState(files: readonly ScriptFile[], schema: Schema): Promise<void> {
    if (files.some((file) => file.program)) return;
    await cacheState(await this.#keyOf(files), { schema: this.#complete(schema, files), notes: [] });
  }

  #complete(schema: Schema, files: readonly ScriptFile[]): Schema {
    const scripts = files.filter((file) => !file.program).map((file) => file.sql);
    return this.dialect.withScripts?.(schema, scripts) ?? schema;
  }

  async #keyOf(files: readonly ScriptFile[]): Promise<string> {
    const { fingerprint } = await this.dev();
    const { exclude, include, withoutKinds = [], withKinds = [] } = this.filter;
    const chosen = [...exclude, '--', ...withoutKinds, '--', ...withKinds, '--', ...(include ?? ['*']), '--'];
    return stateKey([fingerprint, ...chosen, ...files.map((file) => file.sql)]);
  }

  /** Builds what scripts say. */
  async scriptsBuilder(files: readonly ScriptFile[]): Promise<Builder> {
    const scripts = await splitScripts(files, this.dialect);
    return {
      transactional: fitsTransaction(scripts),
      run: (connection) => runScripts(connection, scripts, this.dialect),
    };
  }

  /**
   * Builds a schema from nothing by its own plan; `exactly`, it also looks whether that gave the same schema. What was
   * read from a live database may need something that is not managed: then running it throws TidemarkError
   * `not-rebuildable`.
   */
  schemaBuilder(schema: Schema, how: 'exactly' | 'as planned' = 'as planned'): Builder {
    const plan = planChanges(this.empty(schema.engineVersion), schema, this.dialect);
    return {
      transactional: plan.transactional,
      existing: true,
      run: async (connection) => {
        if (isEmptyPlan(plan)) return;
        await connection.executeAll(planStatements(plan)).catch((error: unknown) => {
          throw error instanceof DatabaseError ? refusedStep(plan, error) : error;
        });
        if (how === 'as planned') return;
        const built = await this.dialect.readSchema(connection, this.filter);
        if (diffSchemas(built, schema, this.dialect).length > 0)
          throw notRebuildable('it came out different');
      },
    };
  }

  /** The builder of an empty database. */
  emptyBuilder(): Builder {
    return { transactional: true, run: async () => undefined };
  }

  /**
   * Builds a state on the dev database and works with it there. SQL that uses an extension or names a role without
   * creating it gets it, and the user is told: a state has to stand on its own, but for roles.
   */
  async build<T>(
    builder: Builder,
    work: (connection: Connection) => Promise<T>,
    transactional = true,
  ): Promise<T> {
    const supplied: Prerequisite[] = builder.existing ? [...this.#liveRoles] : [];
    for (;;) {
      try {
        return await this.#buildOnce(builder, supplied, work, transactional);
      } catch (error) {
        const cause = refusal(error);
        const missing = cause && this.dialect.missingPrerequisite(cause);
        if (!missing || supplied.some((known) => isDeepStrictEqual(known, missing))) throw error;
        supplied.push(missing);
        if (builder.existing && missing.type === 'role') {
          // It is there where the objects come from.
          this.#liveRoles.push(missing);
          continue;
        }
        this.note(
          missing.type === 'role'
            ? `the SQL names the role ${missing.name} and does not create it: it was made on the dev database, and has to be there wherever the SQL runs`
            : `the SQL needs \`${missing.sql}\` and does not say so: it was added on the dev database`,
        );
      }
    }
  }

  /** Remembers what of other tools' bookkeeping is in a state that somebody named. */
  met({ leftAlone }: Schema): void {
    for (const table of leftAlone) this.#leftAlone.set(`${table.tool} ${table.name}`, table);
  }

  /** What was left alone though nobody said so, as lines for people. */
  get leftAlone(): readonly string[] {
    return bookkeepingLines([...this.#leftAlone.values()]);
  }

  /** Remembers something to tell the user, once. */
  note(text: string): void {
    if (!this.notes.includes(text)) this.notes.push(text);
  }

  /**
   * One transaction is tried first, because that is much cheaper; whatever the engine refuses in it is tried
   * again without, and only that refusal counts.
   */
  async #buildOnce<T>(
    builder: Builder,
    supplied: readonly Prerequisite[],
    work: (connection: Connection) => Promise<T>,
    transactional: boolean,
  ): Promise<T> {
    const dev = await this.dev();
    const { existing = false } = builder;
    const roles = supplied.flatMap((one) => (one.type === 'role' ? [one.name] : []));
    const all = async (connection: Connection): Promise<T> => {
      await connection.executeAll(supplied.flatMap((one) => (one.type === 'statement' ? [one.sql] : [])));
      const unchecked = existing ? this.dialect.frameOfExisting : undefined;
      await connection.executeAll(unchecked?.before ?? []);
      await builder.run(connection);
      await connection.executeAll(unchecked?.after ?? []);
      return work(connection);
    };
    if (builder.transactional && transactional) {
      try {
        return await dev.scratch(all, { transaction: true, existing, roles });
      } catch (error) {
        const cause = refusal(error);
        if (!cause || this.dialect.missingPrerequisite(cause)) throw error;
      }
    }
    return dev.scratch(all, { existing, roles });
  }
}

/** The code of the error that a live database cannot be built on the dev database. */
export const NOT_REBUILDABLE = 'not-rebuildable';

/** Says which object the dev database did not take. */
function refusedStep(plan: Plan, error: DatabaseError): TidemarkError {
  const step = stepAt(plan, error.statement);
  const where = step === undefined ? '' : `"${step.summary}": `;
  const advice = error.hint === undefined ? '' : ` (${error.hint.replace(/\.$/, '')})`;
  return notRebuildable(`${where}${error.message}${advice}`, error);
}

function notRebuildable(reason: string, cause?: DatabaseError): TidemarkError {
  return new TidemarkError(
    NOT_REBUILDABLE,
    `the database cannot be built again on the dev database, because something in it needs what is not managed: ${reason}`,
    {
      hints: ['Leave what needs it out of every comparison with `exclude` in tidemark.config.ts.'],
      cause,
    },
  );
}

/** The engine's refusal inside an error, if that is what it is. */
function refusal(error: unknown): DatabaseError | undefined {
  if (error instanceof DatabaseError) return error;
  return error instanceof TidemarkError && error.cause instanceof DatabaseError ? error.cause : undefined;
}
