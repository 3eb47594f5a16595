import { type Hazard, propsOf, type RenderContext } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { inParentheses } from '../canonical-expression.js';
import { plainRelationOf, qualified, quoteIdent, relationOf } from '../identifiers.js';
import { withClause } from './storage-parameters.js';

export type ConstraintType = 'primary key' | 'unique' | 'check' | 'foreign key' | 'exclusion';

export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

export type ConstraintProps = {
  readonly type: ConstraintType;
  /** The constrained columns in order; null where an expression says it (check, exclusion). */
  readonly columns: readonly string[] | null;
  /** What the index holds besides the key. */
  readonly include: readonly string[];
  /** Check: the condition. Exclusion: all from EXCLUDE to WHERE. */
  readonly expression: string | null;
  readonly references: {
    readonly schema: string;
    readonly table: string;
    readonly columns: readonly string[];
    readonly matchFull: boolean;
    readonly onUpdate: ReferentialAction;
    readonly onDelete: ReferentialAction;
    /** The columns that SET NULL or SET DEFAULT sets; empty for all. */
    readonly onDeleteColumns: readonly string[];
  } | null;
  readonly nullsNotDistinct: boolean;
  /** PostgreSQL 18: WITHOUT OVERLAPS, or PERIOD in a foreign key. */
  readonly period: boolean;
  readonly noInherit: boolean;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly validated: boolean;
  /** PostgreSQL 18: false for NOT ENFORCED. */
  readonly enforced: boolean;
  /** Storage parameters of the index behind it. */
  readonly options: readonly string[];
  /** The id of the key or index of a partitioned table that this one's index is the part of in a partition. */
  readonly attachedTo: string | null;
  /** The ids of the partitions that have no part of it. */
  readonly without: readonly string[];
};

/** `CONSTRAINT users_pkey PRIMARY KEY (id)`, as it stands in CREATE TABLE or after ADD. */
export function constraintDefinition(constraint: SchemaObject): string {
  const props = propsOf<ConstraintProps>(constraint);
  const words = [`CONSTRAINT ${quoteIdent(constraint.name)}`, constraintBody(props)];
  if (props.deferrable) words.push('DEFERRABLE');
  if (props.initiallyDeferred) words.push('INITIALLY DEFERRED');
  if (!props.enforced) words.push('NOT ENFORCED');
  else if (!props.validated) words.push('NOT VALID');
  return words.join(' ');
}

/** Those that CREATE TABLE keeps: of two keys that differ by their name alone it makes one and forgets the other. */
export function withoutRepeated(constraints: readonly SchemaObject[]): SchemaObject[] {
  const said = new Set<string>();
  return constraints.filter((constraint) => {
    const { type, columns, include, nullsNotDistinct, period, deferrable, initiallyDeferred, expression } =
      propsOf<ConstraintProps>(constraint);
    if (type !== 'primary key' && type !== 'unique' && type !== 'exclusion') return true;
    const key = JSON.stringify([
      columns,
      include,
      nullsNotDistinct,
      period,
      deferrable,
      initiallyDeferred,
      expression,
    ]);
    if (said.has(key)) return false;
    said.add(key);
    return true;
  });
}

/** What adds those that are not among the `written` ones. */
export function repeated(constraints: readonly SchemaObject[], written: readonly SchemaObject[]): string[] {
  return constraints
    .filter((constraint) => !written.includes(constraint))
    .map((constraint) => constraintAddition(constraint));
}

/** The constraint by itself. */
export function constraintAddition(constraint: SchemaObject, only = false): string {
  return `ALTER TABLE ${only ? 'ONLY ' : ''}${relationOf(constraint)} ADD ${constraintDefinition(constraint)}`;
}

/** What the rows of a table that was there before can have against a new constraint. */
export function additionHazards(object: SchemaObject, context: RenderContext): Hazard[] {
  const { type, validated } = propsOf<ConstraintProps>(object);
  // The rows of a table that this plan creates are none.
  if (!validated || !context.from.objects.has(object.parent!)) return [];
  const table = plainRelationOf(object);
  const reason: Record<ConstraintType, string> = {
    'primary key': 'two rows have the same key or one is null',
    unique: 'two rows have the same values',
    exclusion: 'two rows exclude each other',
    check: 'a row does not satisfy it',
    'foreign key': 'a row refers to one that is not there',
  };
  return [
    {
      code: `add-${type.replace(' ', '-')}`,
      level: 'may-fail',
      subject: `${table}.${object.name}`,
      message: `${type} ${object.name} cannot be added to ${table} when ${reason[type]}`,
    },
  ];
}

/**
 * The index that a unique constraint or primary key can be made of, built without holding back writers, and how the
 * constraint takes it over; the index gets the constraint's name by that.
 */
export function uniqueIndexFirst(
  constraint: SchemaObject,
  index: string,
): { readonly build: string; readonly attach: string } {
  const props = propsOf<ConstraintProps>(constraint);
  const words = [
    `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdent(index)} ON ${relationOf(constraint)} ${columnList(props.columns!)}`,
    ...(props.include.length === 0 ? [] : [`INCLUDE ${columnList(props.include)}`]),
    ...(props.nullsNotDistinct ? ['NULLS NOT DISTINCT'] : []),
  ];
  const deferral = `${props.deferrable ? ' DEFERRABLE' : ''}${props.initiallyDeferred ? ' INITIALLY DEFERRED' : ''}`;
  const type = props.type === 'primary key' ? 'PRIMARY KEY' : 'UNIQUE';
  return {
    build: `${words.join(' ')}${withClause(props.options)}`,
    attach: `ALTER TABLE ${relationOf(constraint)} ADD CONSTRAINT ${quoteIdent(constraint.name)} ${type} USING INDEX ${quoteIdent(index)}${deferral}`,
  };
}

/** The statement that drops it; `only` from its own table, not from those below. */
export function constraintRemoval(constraint: SchemaObject, only: boolean): string {
  return `ALTER TABLE ${only ? 'ONLY ' : ''}${relationOf(constraint)} DROP CONSTRAINT ${quoteIdent(constraint.name)}`;
}

function constraintBody(props: ConstraintProps): string {
  switch (props.type) {
    case 'primary key':
      return `PRIMARY KEY ${keyColumns(props)}${indexClauses(props)}`;
    case 'unique':
      return `UNIQUE ${props.nullsNotDistinct ? 'NULLS NOT DISTINCT ' : ''}${keyColumns(props)}${indexClauses(props)}`;
    case 'check':
      return `CHECK ${inParentheses(props.expression!)}${props.noInherit ? ' NO INHERIT' : ''}`;
    case 'exclusion':
      return props.expression!;
    case 'foreign key':
      return `FOREIGN KEY ${periodColumns(props.columns!, props.period)} ${referencesClause(props)}`;
  }
}

function indexClauses(props: ConstraintProps): string {
  return `${props.include.length === 0 ? '' : ` INCLUDE ${columnList(props.include)}`}${withClause(props.options)}`;
}

function referencesClause(props: ConstraintProps): string {
  const { schema, table, columns, matchFull, onUpdate, onDelete, onDeleteColumns } = props.references!;
  const words = [`REFERENCES ${qualified(schema, table)} ${periodColumns(columns, props.period)}`];
  if (matchFull) words.push('MATCH FULL');
  if (onUpdate !== 'no action') words.push(`ON UPDATE ${onUpdate.toUpperCase()}`);
  if (onDelete !== 'no action') words.push(`ON DELETE ${onDelete.toUpperCase()}`);
  if (onDeleteColumns.length > 0) words.push(columnList(onDeleteColumns));
  return words.join(' ');
}

function keyColumns({ columns, period }: ConstraintProps): string {
  return period ? columnList(columns!).replace(/\)$/, ' WITHOUT OVERLAPS)') : columnList(columns!);
}

function periodColumns(columns: readonly string[], period: boolean): string {
  if (!period) return columnList(columns);
  return `(${columns.map((column, index) => (index === columns.length - 1 ? 'PERIOD ' : '') + quoteIdent(column)).join(', ')})`;
}

/** `(a, "B")`. */
export function columnList(columns: readonly string[]): string {
  return `(${columns.map(quoteIdent).join(', ')})`;
}
