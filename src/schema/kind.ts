import type { Change } from './diff.js';
import type { Properties, Schema, SchemaObject } from './object.js';

/** Something about a step that a person should know before running it. */
export interface Hazard {
  /** Stable word, also what `--allow` takes: `drop-table`, `drop-column`, `drop-extension`. */
  readonly code: string;
  /** `data-loss` needs consent; `blocking`, `may-fail` and `note` inform. */
  readonly level: 'data-loss' | 'blocking' | 'may-fail' | 'note';
  /** The object's label in the form `--allow code:label` takes: `users.nickname`. */
  readonly subject: string;
  /** One sentence, plain words. */
  readonly message: string;
  /**
   * A query on the database as it is before the step that gives the rows which stop it: none means that it
   * will pass. Only for `may-fail`.
   */
  readonly stoppedBy?: string;
}

/** SQL for one action, with everything the plan has to know about it. */
export interface Rendered {
  /** Complete statements without trailing semicolons. Empty when the action needs no SQL of its own. */
  readonly sql: readonly string[];
  /** Plain words for the comment line above the step: `Create table "users"`. Without it the planner makes one from the label. */
  readonly summary?: string;
  readonly hazards?: readonly Hazard[];
  /** False when the engine refuses to run it in a transaction. Default true. */
  readonly transactional?: boolean;
  /** True when what follows can only use the result after a commit (PostgreSQL: a new enum value). */
  readonly commitAfter?: boolean;
  /** True when foreign keys must not be enforced meanwhile (SQLite: the table is dropped and made anew). Default false. */
  readonly withoutForeignKeys?: boolean;
  /**
   * What does the same on a dev database, where no object is in a condition that only an interrupted statement leaves.
   * Default: `sql`.
   */
  readonly inOrder?: readonly string[];
}

/** An alteration that leaves the object where it is. */
export interface InPlace extends Rendered {
  /**
   * Says which dependents must be dropped before and created again after this alteration, because the
   * engine refuses it while they exist (views over a column whose type changes). Default: none.
   */
  readonly disturbs?: (dependent: SchemaObject) => boolean;
  /**
   * Ids of other objects that the same statements change (the columns of a type that is made anew). Their
   * dependents are asked about too, and everything is ordered as if they were altered here.
   */
  readonly touches?: readonly string[];
  /**
   * For `alterWhole`: the ids of the changes it carries out besides its own, where they are not the ones it
   * `touches`. What they need is ordered around it.
   */
  readonly settles?: readonly string[];
  /** True when dependents cannot tell before from after, so that nothing has to wait for it. Default false. */
  readonly unnoticed?: boolean;
  /** Ids of other objects whose alteration or drop goes first, where the rest of the order allows it. */
  readonly follows?: readonly string[];
}

/** How an object gets from one form to the other. */
export type Alteration =
  /** It cannot be altered: drop it, create it again, and do the same to what depends on it. */
  'replace' | InPlace;

/** What an alteration makes of the values that an object holds. */
export interface Conversion {
  /** The form they have, and the one they get, as a person writes them: `text`, `integer`. */
  readonly from: string;
  readonly to: string;
  /** False where nothing leads from the one to the other: then somebody has to say how, or it is tried in vain. */
  readonly known: boolean;
}

/** What a kind may look at while it writes SQL. */
export interface RenderContext {
  /** The state before the plan. */
  readonly from: Schema;
  /** The state after it. */
  readonly to: Schema;
  /** For `create`: the parts that are written inside this statement (a table's columns and constraints). */
  readonly folded: readonly SchemaObject[];
  /** For `create`: true when it stands behind the statement that makes its parent. */
  readonly behind?: boolean;
  /** For `alter`: the SQL expressions that turn old values into new ones, where somebody has said so, by id. */
  readonly conversions?: ReadonlyMap<string, string>;
}

/** Everything that is known about one kind of object. One file a kind; the planner knows none by name. */
export interface ObjectKind {
  readonly name: string;
  /** Where it stands among things that could equally come next when creating; lower is earlier. */
  readonly rank: number;
  /** How a person calls it in a sentence: `table users`, `column users.email`. */
  label(object: SchemaObject): string;
  /**
   * Names it occupies that nothing else may hold at the same moment: `relation public.users`,
   * `type public.users`. A drop frees them before a create takes them. Default: none.
   */
  slots?(object: SchemaObject): readonly string[];
  /** The slots that dropping it frees, where they are not the ones it takes. Default: `slots`. */
  frees?(object: SchemaObject): readonly string[];
  /**
   * Names that are better free before something else takes them, where the rest of the order allows it:
   * while both overloads of a function are there, a call may be ambiguous. Default: none.
   */
  crowds?(object: SchemaObject, schema: Schema): readonly string[];
  /**
   * Ids of other objects that are created, altered or dropped before this one is, where the rest of the order
   * allows it: row-level security is switched on or off behind its policies. Default: none.
   */
  follows?(object: SchemaObject): readonly string[];
  /**
   * The engine's version that first has it. Where one side comes from an older one, nothing is known of such
   * objects there, and they are not compared.
   */
  readonly since?: number;
  /** True when it is made and altered after everything else, and dropped before. Default false. */
  readonly outermost?: boolean;
  /** True when it disappears with its parent and needs no DROP of its own then. Default false. */
  droppedWithParent?(object: SchemaObject): boolean;
  /**
   * The id of another object that takes this one along when it is dropped, without being its parent: the
   * column that owns a sequence. Default: none.
   */
  vanishesWith?(object: SchemaObject, context: RenderContext): string | undefined;
  /**
   * The id of another object whose CREATE makes this one too, without being its parent: the column of a
   * partitioned table makes those of its partitions. It is then among what that one is `folded` with. Default: none.
   */
  comesWith?(object: SchemaObject, context: RenderContext): string | undefined;
  /** True when it has its name from another object, and changes it with that one only. Default false. */
  renamedWithAnother?(object: SchemaObject): boolean;
  /**
   * True when it is best written inside its parent's CREATE; `after` when it is a statement of its own that
   * belongs right behind it (a comment). Default false.
   */
  foldsIntoParent?(object: SchemaObject): boolean | 'after';
  /**
   * When folding closes a cycle, parts with the lowest number leave it first (a foreign key before a
   * default). Parts without a number never leave.
   */
  cutOrder?(object: SchemaObject): number | undefined;
  create(object: SchemaObject, context: RenderContext): Rendered;
  drop(object: SchemaObject, context: RenderContext): Rendered;
  /** `changed` holds the names of the properties that differ; never empty. */
  alter(
    before: SchemaObject,
    after: SchemaObject,
    changed: readonly string[],
    context: RenderContext,
  ): Alteration;
  /** What `alter` makes of its values; undefined where they stay as they are, or are computed. Default: they stay. */
  converts?(before: SchemaObject, after: SchemaObject, context: RenderContext): Conversion | undefined;
  /**
   * Asked first, for an object that stays, with every change of it and of what has it for a parent. May take
   * them over as one alteration of the whole (SQLite: the table is made anew): the changes whose ids it
   * `touches`, and its own, are then carried out by it alone. Undefined: each goes its own way.
   */
  alterWhole?(
    before: SchemaObject,
    after: SchemaObject,
    changes: readonly Change[],
    context: RenderContext,
  ): InPlace | undefined;
  /**
   * True when an object that both states have has to be made anew, whether it differs or not, because of what happens
   * to others. Asked only where something differs. Default false.
   */
  mustBeReplaced?(object: SchemaObject, context: RenderContext): boolean;
  /** The SQL that gives it another name. Kinds without it are dropped and created under the new one. */
  rename?(object: SchemaObject, newName: string): Rendered;
  /**
   * What stands inside it under names of its own and is no object: the values of an enum. Only renames look at them;
   * the kind of such a part has to be known to the dialect. Default: none.
   */
  parts?(object: SchemaObject): readonly SchemaObject[];
  /**
   * True when making it again under another name costs work or locks (an index, a type that columns have): one that
   * differs in nothing else is renamed unasked. Default false.
   */
  readonly worthRenaming?: boolean;
  /** True when it has the name the engine made for it of its parent's: a renamed table's takes the new one. Default false. */
  isNamedAfterParent?(object: SchemaObject): boolean;
  /** True when dropping and creating it under another name would lose data (tables, columns). Default false. */
  readonly holdsData?: boolean;
  /**
   * True when this object can stay as it is while `needed`, on which it depends, is dropped and created
   * again (or disturbed). Default false: it is dropped and created with it.
   */
  toleratesReplacing?(object: SchemaObject, needed: SchemaObject, context: RenderContext): boolean;
  /** True when it can stay as it is while something on which it depends goes for good (a dangling key). Default false. */
  toleratesDropping?(object: SchemaObject, needed: SchemaObject, context: RenderContext): boolean;
  /**
   * Properties, compared or not, that say what became of a live object and that no SQL asks for: an index that a failure
   * left invalid.
   * Who builds it elsewhere has to carry them over. Default: none.
   */
  readonly conditions?: readonly string[];
  /** Compares one property, where plain equality is wrong. Default: deep equality. */
  sameProperty?(key: string, before: SchemaObject, after: SchemaObject): boolean;
}

/** Reads typed properties off an object; the kind that wrote them knows their shape. */
export function propsOf<P>(object: SchemaObject): P {
  return object.props as unknown as P & Properties;
}
