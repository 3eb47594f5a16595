import type { Connection, DatabaseError } from '../database/connection.js';
import type { ObjectKind, RenderContext } from './kind.js';
import type { Schema } from './object.js';
import type { Step } from './plan.js';
import type { StepGraph } from './step-graph.js';

/** One statement of a script, as the engine's own parser cuts it. */
export interface ScriptStatement {
  /** The statement without its semicolon and without the comments before it. */
  readonly sql: string;
  /** Character offset of `sql` in the script. */
  readonly offset: number;
  /** Line and column of `sql` in the script, from 1. */
  readonly line: number;
  readonly column: number;
  /** False when the engine refuses it inside a transaction block (CREATE INDEX CONCURRENTLY, VACUUM). */
  readonly transactional: boolean;
  /** BEGIN, COMMIT, ROLLBACK, SAVEPOINT…: the file takes transactions into its own hands. */
  readonly transactionControl: boolean;
  /** True when its effect can be used only after a commit (ALTER TYPE … ADD VALUE). */
  readonly commitAfter: boolean;
  /** True when it changes or reads rows rather than definitions (INSERT, UPDATE, DELETE, SELECT, …). */
  readonly data: boolean;
}

/** Which objects are managed, everywhere: `schema.name` patterns with `*`, optionally `kind:pattern`. */
export interface ObjectFilter {
  /** What is left out, whatever `include` says. */
  readonly exclude: readonly string[];
  /** Only this, with its parts. Default: everything but other tools' bookkeeping. */
  readonly include?: readonly string[] | undefined;
  /** Kinds of which nothing is managed: `privileges`, `owner`. Default: none. */
  readonly withoutKinds?: readonly string[];
  /** Kinds that are managed only when asked for: `role`. Default: none. */
  readonly withKinds?: readonly string[];
}

/** Something that SQL takes for granted: what an extension brings, or a role, which belongs to the whole server. */
export type Prerequisite =
  | { readonly type: 'statement'; readonly sql: string }
  | { readonly type: 'role'; readonly name: string };

/** A part of a schema as a person would divide it: types, tables, views. */
export interface SchemaSection {
  /** What its file is called: `types`. */
  readonly name: string;
  readonly title: string;
  /** The kinds that stand in it. One that stands in several goes into the first that has all it needs before it. */
  readonly kinds: readonly string[];
}

/** What Tidemark asks of a database engine. PostgreSQL and SQLite are two of these. */
export interface Dialect {
  readonly name: 'postgres' | 'sqlite';
  /** Reads the whole schema in one snapshot. Never changes anything. */
  readSchema(connection: Connection, filter?: ObjectFilter): Promise<Schema>;
  /** What a database has in it when it is new, as `readSchema` gives it: for PostgreSQL the schema `public`. */
  newDatabase(engineVersion: number): Schema;
  /** The kinds' names, and the words for what is met and not managed, as patterns of a filter may have them. */
  readonly kinds?: readonly string[];
  /** The kind of that name. Throws when there is none. */
  kind(name: string): ObjectKind;
  /**
   * Cuts a script into statements. Throws TidemarkError (`sql-syntax`) with the place and a caret, or
   * (`psql-command`, `copy-data`) for psql's backslash commands and inline COPY data. `file` is for messages.
   */
  splitScript(sql: string, file: string): Promise<readonly ScriptStatement[]>;
  /**
   * What the engine missed when it refused, where that is known and can be supplied on a dev database
   * (PostgreSQL: the extension that brings the type `vector`, a role).
   */
  missingPrerequisite(error: DatabaseError): Prerequisite | undefined;
  /** Adds to the state that scripts built what they say and the engine does not keep (PostgreSQL: pinned versions). */
  withScripts?(schema: Schema, scripts: readonly string[]): Schema;
  /** Whose objects nobody wonders about in this database, so that its schema is silent about them (PostgreSQL: roles). */
  usualOwners?(connection: Connection): Promise<readonly string[]>;
  /** `wanted` without the owners that `live` has and is silent about. */
  withoutOwnersOf?(wanted: Schema, live: Schema, usual: readonly string[]): Schema;
  /** The schema as it is on a server of that version, which may know less (PostgreSQL: no MAINTAIN before 17). */
  asOnVersion?(schema: Schema, versionNumber: number): Schema;
  /** The two states with the facts that a plan between them is to look at besides (PostgreSQL: usual privileges). */
  complete?(from: Schema, to: Schema): { readonly from: Schema; readonly to: Schema };
  /** What differs between two states and no plan brings about, as sentences without a full stop. */
  remarks?(from: Schema, to: Schema): readonly string[];
  /** How a schema is divided when it is written down, in order. Parts of other objects go where those go. */
  readonly sections: readonly SchemaSection[];
  /** True when servers of these two version numbers print the same definitions the same way. */
  sameReading(versionNumber: number, other: number): boolean;
  /**
   * Rewrites steps that would keep others waiting for long on what was there before: the same end by another way. Says
   * of what it has no such way for what it holds back (`blocking` hazards). Absent where all ways are the same.
   */
  online?(graph: StepGraph, context: RenderContext): void;
  /**
   * Statements to run before and after the steps of a plan (PostgreSQL: check_function_bodies); with `own`, around as
   * many of the first ones, the rest coming later.
   */
  frame(
    steps: readonly Step[],
    to: Schema,
    own?: number,
  ): { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Statements around what makes a live database's objects again: they stand somewhere, so what they name is not checked. */
  readonly frameOfExisting?: { readonly before: readonly string[]; readonly after: readonly string[] };
}
