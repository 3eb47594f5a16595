import type { Properties, SchemaObject } from '../schema/object.js';
import { idOf } from './ids.js';
import { foldName } from './names.js';
import { normalExpression } from './normal-sql.js';
import { referencesOf } from './references.js';
import {
  type ColumnDefinition,
  type ConstraintDefinition,
  type KeyColumn,
  rowidAlias,
  type TableDefinition,
} from './table-definition.js';

/** What is compared of a column. */
export interface ColumnProps {
  /** As it is spelled: a result's column is called so. */
  readonly name: string;
  /** The declared type in capitals; empty for none. */
  readonly type: string;
  readonly notNull: { readonly name: string | null; readonly conflict: string | null } | null;
  readonly default: string | null;
  readonly collation: string | null;
  readonly generated: { readonly expression: string; readonly stored: boolean } | null;
}

export interface TableProps {
  readonly name: string;
  readonly strict: boolean;
  readonly withoutRowid: boolean;
}

/** What is compared of a constraint; which of these it has depends on `type`. */
export interface ConstraintProps {
  readonly type: ConstraintDefinition['type'];
  readonly name: string | null;
  readonly columns?: readonly {
    readonly name: string;
    readonly collation: string | null;
    readonly descending: boolean;
  }[];
  readonly conflict?: string | null;
  readonly autoincrement?: boolean;
  /** True when the key's column is the rowid under another name. */
  readonly rowidAlias?: boolean;
  readonly expression?: string;
  readonly from?: readonly string[];
  readonly table?: string;
  readonly referenced?: readonly string[];
  readonly onDelete?: string;
  readonly onUpdate?: string;
  readonly match?: string | null;
  readonly deferrable?: boolean;
  readonly initiallyDeferred?: boolean;
}

/** The facts of one table: itself, its columns, its constraints. `sql` is its statement as stored. */
export function tableFacts(table: TableDefinition, sql: string): SchemaObject[] {
  const id = idOf('table', table.name);
  const props: TableProps = { name: table.name, strict: table.strict, withoutRowid: table.withoutRowid };
  const alias = rowidAlias(table);
  const object: SchemaObject = {
    id,
    kind: 'table',
    name: table.name,
    schema: null,
    parent: null,
    props: { ...props },
    info: { sql, rowidAlias: alias === null ? null : foldName(alias) },
    dependsOn: [],
  };
  return [
    object,
    ...table.columns.map((column, index) => columnFact(table, column, index)),
    ...constraintFacts(table, alias),
  ];
}

function columnFact(table: TableDefinition, column: ColumnDefinition, position: number): SchemaObject {
  const { generated, notNull } = column;
  const props: ColumnProps = {
    name: column.name,
    type: column.type.toUpperCase(),
    notNull: notNull && {
      name: notNull.name === null ? null : foldName(notNull.name),
      conflict: notNull.conflict,
    },
    default: column.default === null ? null : normalExpression(column.default),
    collation: column.collation === null ? null : foldName(column.collation),
    generated: generated && { ...generated, expression: normalExpression(generated.expression) },
  };
  const needs = generated ? columnsIn(table, generated.expression) : [];
  return part(
    table,
    'column',
    column.name,
    { ...props },
    needs.filter((id) => id !== idOf('column', table.name, column.name)),
    {
      position,
      sql: column.sql,
      declaredType: column.type,
      ...(generated ? { expression: generated.expression } : {}),
      ...(column.default === null ? {} : { default: column.default }),
    },
  );
}

function constraintFacts(table: TableDefinition, alias: string | null): SchemaObject[] {
  const taken = new Map<string, number>();
  return table.constraints.map((constraint, position) => {
    const wanted = constraint.name ?? labelOf(constraint);
    const count = (taken.get(foldName(wanted)) ?? 0) + 1;
    taken.set(foldName(wanted), count);
    const name = count === 1 ? wanted : `${wanted} #${count}`;
    const info = {
      position,
      // The column it is written at, which takes it along when it goes.
      column: constraint.column === null ? null : idOf('column', table.name, constraint.column),
      ...(constraint.type === 'check' ? { expression: constraint.expression } : {}),
    };
    return part(
      table,
      'constraint',
      name,
      constraintProps(constraint, alias),
      constraintNeeds(table, constraint),
      info,
    );
  });
}

/** What a constraint without a name is called. */
function labelOf(constraint: ConstraintDefinition): string {
  switch (constraint.type) {
    case 'primary key':
      return 'primary key';
    case 'unique':
      return `unique (${constraint.columns.map(({ name }) => name).join(', ')})`;
    case 'check':
      return `check (${normalExpression(constraint.expression)})`;
    case 'foreign key':
      return `foreign key (${constraint.columns.join(', ')}) to ${constraint.table}`;
  }
}

function constraintProps(constraint: ConstraintDefinition, alias: string | null): Properties {
  const name = constraint.name === null ? null : foldName(constraint.name);
  const { type } = constraint;
  switch (type) {
    case 'primary key': {
      const { conflict, autoincrement } = constraint;
      return {
        type,
        name,
        columns: keyProps(constraint.columns),
        conflict,
        autoincrement,
        rowidAlias: alias !== null,
      };
    }
    case 'unique':
      return { type, name, columns: keyProps(constraint.columns), conflict: constraint.conflict };
    case 'check':
      return {
        type,
        name,
        expression: normalExpression(constraint.expression),
        conflict: constraint.conflict,
      };
    case 'foreign key': {
      const { onDelete, onUpdate, match, deferrable, initiallyDeferred } = constraint;
      return {
        type,
        name,
        from: constraint.columns.map(foldName),
        table: foldName(constraint.table),
        referenced: constraint.referenced.map(foldName),
        onDelete,
        onUpdate,
        match,
        deferrable,
        initiallyDeferred,
      };
    }
  }
}

function keyProps(columns: readonly KeyColumn[]) {
  return columns.map(({ name, collation, descending }) => ({
    name: foldName(name),
    collation: collation === null ? null : foldName(collation),
    descending,
  }));
}

function constraintNeeds(table: TableDefinition, constraint: ConstraintDefinition): string[] {
  switch (constraint.type) {
    case 'check':
      return columnsIn(table, constraint.expression);
    case 'foreign key':
      return [
        idOf('table', constraint.table),
        ...constraint.columns.map((name) => idOf('column', table.name, name)),
      ];
    default:
      return constraint.columns.map(({ name }) => idOf('column', table.name, name));
  }
}

/** The ids of the table's columns that an expression mentions. */
export function columnsIn(table: Pick<TableDefinition, 'name' | 'columns'>, expression: string): string[] {
  const { names } = referencesOf(expression);
  return table.columns
    .filter((column) => names.has(foldName(column.name)))
    .map((column) => idOf('column', table.name, column.name));
}

function part(
  table: TableDefinition,
  kind: string,
  name: string,
  props: Properties,
  needs: readonly string[],
  info: Properties,
): SchemaObject {
  const parent = idOf('table', table.name);
  return {
    id: idOf(kind, table.name, name),
    kind,
    name,
    schema: null,
    parent,
    props,
    info: { ...info, owner: table.name },
    dependsOn: [parent, ...needs],
  };
}
