import type {
  ColumnDefinition,
  ConstraintDefinition,
  KeyColumn,
  TableDefinition,
} from '../../src/sqlite/table-definition.js';

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const named = (name: string | null): string => (name === null ? '' : `CONSTRAINT ${quote(name)} `);
const onConflict = (conflict: string | null): string => (conflict === null ? '' : ` ON CONFLICT ${conflict}`);

/** A CREATE TABLE made only of what the reader found: whatever it missed is missing here too. */
export function printTable(table: TableDefinition): string {
  const own = table.constraints.filter((constraint) => constraint.column === null);
  const lines = [
    ...table.columns.map((column) =>
      printColumn(
        column,
        table.constraints.filter((constraint) => constraint.column === column.name),
      ),
    ),
    ...own.map(printConstraint),
  ];
  const options = [...(table.withoutRowid ? ['WITHOUT ROWID'] : []), ...(table.strict ? ['STRICT'] : [])];
  return `CREATE TABLE ${quote(table.name)} (${lines.join(', ')}) ${options.join(', ')}`;
}

function printColumn(column: ColumnDefinition, constraints: readonly ConstraintDefinition[]): string {
  const { notNull, generated } = column;
  return [
    quote(column.name),
    column.type,
    notNull ? `${named(notNull.name)}NOT NULL${onConflict(notNull.conflict)}` : '',
    column.default === null ? '' : `DEFAULT ${column.default}`,
    column.collation === null ? '' : `COLLATE ${quote(column.collation)}`,
    generated ? `AS (${generated.expression}) ${generated.stored ? 'STORED' : 'VIRTUAL'}` : '',
    ...constraints.map(printInline),
  ]
    .filter(Boolean)
    .join(' ');
}

function printInline(constraint: ConstraintDefinition): string {
  const name = named(constraint.name);
  switch (constraint.type) {
    case 'primary key': {
      const direction = constraint.columns[0]!.descending ? ' DESC' : '';
      const auto = constraint.autoincrement ? ' AUTOINCREMENT' : '';
      return `${name}PRIMARY KEY${direction}${onConflict(constraint.conflict)}${auto}`;
    }
    case 'unique':
      return `${name}UNIQUE${onConflict(constraint.conflict)}`;
    case 'check':
      return `${name}CHECK (${constraint.expression})`;
    case 'foreign key':
      return `${name}${references(constraint)}`;
  }
}

function printConstraint(constraint: ConstraintDefinition): string {
  const name = named(constraint.name);
  switch (constraint.type) {
    case 'primary key': {
      const auto = constraint.autoincrement ? ' AUTOINCREMENT' : '';
      return `${name}PRIMARY KEY (${keys(constraint.columns)}${auto})${onConflict(constraint.conflict)}`;
    }
    case 'unique':
      return `${name}UNIQUE (${keys(constraint.columns)})${onConflict(constraint.conflict)}`;
    case 'check':
      return `${name}CHECK (${constraint.expression})${onConflict(constraint.conflict)}`;
    case 'foreign key':
      return `${name}FOREIGN KEY (${constraint.columns.map(quote).join(', ')}) ${references(constraint)}`;
  }
}

function keys(columns: readonly KeyColumn[]): string {
  return columns
    .map(({ name, collation, descending }) =>
      [quote(name), collation === null ? '' : `COLLATE ${quote(collation)}`, descending ? 'DESC' : '']
        .filter(Boolean)
        .join(' '),
    )
    .join(', ');
}

function references(key: Extract<ConstraintDefinition, { type: 'foreign key' }>): string {
  return [
    `REFERENCES ${quote(key.table)}`,
    key.referenced.length > 0 ? `(${key.referenced.map(quote).join(', ')})` : '',
    `ON DELETE ${key.onDelete} ON UPDATE ${key.onUpdate}`,
    key.match === null ? '' : `MATCH ${key.match}`,
    key.deferrable ? `DEFERRABLE${key.initiallyDeferred ? ' INITIALLY DEFERRED' : ''}` : '',
  ].join(' ');
}
