import fc from 'fast-check';
import type { RenameHint } from '../../src/schema/rename.js';
import { idOf } from '../../src/sqlite/ids.js';
import { quoteText } from '../../src/sqlite/names.js';

/** One column on one side of a pair of schemas; `null`: it is not there. */
interface ColumnSide {
  readonly type: string;
  readonly notNull: boolean;
  readonly conflict: string;
  readonly default: 'none' | 'constant' | 'expression';
  readonly collate: string;
  readonly unique: boolean;
  readonly check: 'none' | 'inline' | 'named' | 'table';
  readonly generated: 'no' | 'virtual' | 'stored';
  readonly references: number | null;
}

interface ColumnPair {
  readonly from: ColumnSide | null;
  readonly to: ColumnSide | null;
  readonly text: boolean;
  /** On both sides, under another name on the second. */
  readonly renamed: boolean;
}

interface TableSide {
  readonly key: 'rowid' | 'autoincrement' | 'integer' | 'descending' | 'text' | 'composite' | 'unique';
  readonly withoutRowid: boolean;
  readonly strict: boolean;
  readonly index: 'none' | 'plain' | 'unique' | 'expression' | 'partial';
  readonly view: 'none' | 'columns' | 'star' | 'nested' | 'join';
  readonly trigger: 'none' | 'other' | 'own' | 'instead';
  readonly comment: boolean;
}

interface TablePair {
  readonly in: 'both' | 'from' | 'to';
  readonly from: TableSide;
  readonly to: TableSide;
  readonly columns: readonly ColumnPair[];
}

/** A pair of schemas with rows for the first, so that the way there and back loses nothing that both have. */
export interface SchemaPair {
  readonly from: string;
  readonly to: string;
  /** INSERTs into the first. */
  readonly rows: string;
  readonly kept: readonly KeptTable[];
  readonly renames: readonly RenameHint[];
}

export interface KeptTable {
  readonly name: string;
  /** SQL of the columns that are on both sides, `id` first, by their names on each. */
  readonly columns: { readonly from: readonly string[]; readonly to: readonly string[] };
  /** True when neither side has a column that stands for the rowid. */
  readonly rowid: boolean;
  readonly autoincrement: boolean;
}

const TABLES = ['users', 'Order', 'we;ird "q"', 'naïve [x]'];
const COLUMNS = ['email', 'select', "it's", 'Größe', 'a b'];
const QUOTES = [
  (name: string) => `"${name.replaceAll('"', '""')}"`,
  (name: string) => `\`${name.replaceAll('`', '``')}\``,
  (name: string) => (name.includes(']') ? `"${name.replaceAll('"', '""')}"` : `[${name}]`),
];
const quote = (name: string, style = 0): string => QUOTES[style % QUOTES.length]!(name);

const columnSide: fc.Arbitrary<ColumnSide> = fc.record({
  type: fc.constantFrom('', 'INTEGER', 'TEXT', 'VARCHAR(20)', 'unsigned big int', 'NUMERIC(10, 2)', 'REAL'),
  notNull: fc.boolean(),
  conflict: fc.constantFrom('', '', ' ON CONFLICT REPLACE', ' ON CONFLICT IGNORE'),
  default: fc.constantFrom('none', 'none', 'constant', 'expression'),
  collate: fc.constantFrom('', '', ' COLLATE NOCASE', ' COLLATE rtrim'),
  unique: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  check: fc.constantFrom('none', 'none', 'inline', 'named', 'table'),
  generated: fc.constantFrom('no', 'no', 'no', 'no', 'virtual', 'stored'),
  references: fc.option(fc.nat(3), { freq: 3 }),
});

const columnPair: fc.Arbitrary<ColumnPair> = fc.record({
  from: fc.option(columnSide, { freq: 4 }),
  to: fc.option(columnSide, { freq: 4 }),
  text: fc.boolean(),
  renamed: fc.boolean(),
});

const unchanged: fc.Arbitrary<ColumnPair> = fc
  .record({ side: columnSide, text: fc.boolean(), renamed: fc.boolean() })
  .map(({ side, ...flags }) => ({ from: side, to: side, ...flags }));

/** Half of the columns are the same on both sides. */
const anyColumns = fc.array(fc.oneof(columnPair, unchanged), { maxLength: COLUMNS.length });

/** All columns are the same but one, which changes by one thing: what ALTER TABLE may do itself. */
const oneChange: fc.Arbitrary<ColumnPair[]> = fc
  .record({
    columns: fc.array(unchanged, { minLength: 1, maxLength: COLUMNS.length }),
    at: fc.nat(COLUMNS.length - 1),
    change: fc.constantFrom(
      'set' as const,
      'drop' as const,
      'uncheck' as const,
      'add' as const,
      'remove' as const,
    ),
  })
  .map(({ columns, at, change }) =>
    columns.map((pair, index) => {
      if (index !== at % columns.length || !pair.from) return pair;
      const plain: ColumnSide = { ...pair.from, generated: 'no', conflict: '', unique: false };
      return { ...pair, ...CHANGES[change](plain) };
    }),
  );

/** The two sides of a column that changes by one thing. */
const CHANGES = {
  set: (side: ColumnSide) => ({ from: { ...side, notNull: false }, to: { ...side, notNull: true } }),
  drop: (side: ColumnSide) => ({ from: { ...side, notNull: true }, to: { ...side, notNull: false } }),
  uncheck: (side: ColumnSide) => ({
    from: { ...side, check: 'named' as const },
    to: { ...side, check: 'none' as const },
  }),
  add: (side: ColumnSide) => ({ from: null, to: side }),
  remove: (side: ColumnSide) => ({ from: side, to: null }),
};

/** What was computed and refers to something from then on would find nothing: rightly refused, and no case here. */
function notComputedWhenReferring(pair: ColumnPair): ColumnPair {
  if (pair.from?.references == null && pair.to?.references == null) return pair;
  const plain = (side: ColumnSide | null): ColumnSide | null => side && { ...side, generated: 'no' };
  return { ...pair, from: plain(pair.from), to: plain(pair.to) };
}

const tableSide: fc.Arbitrary<TableSide> = fc.record({
  key: fc.constantFrom('rowid', 'autoincrement', 'integer', 'descending', 'text', 'composite', 'unique'),
  withoutRowid: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  strict: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  index: fc.constantFrom('none', 'plain', 'unique', 'expression', 'partial'),
  view: fc.constantFrom('none', 'columns', 'star', 'nested', 'join'),
  trigger: fc.constantFrom('none', 'other', 'own', 'instead'),
  comment: fc.boolean(),
});

const tablePair: fc.Arbitrary<TablePair> = fc
  .record({
    in: fc.constantFrom('both', 'both', 'both', 'from', 'to'),
    from: tableSide,
    to: tableSide,
    same: fc.boolean(),
    columns: fc.oneof(anyColumns, oneChange, fc.array(unchanged, { maxLength: COLUMNS.length })),
  })
  .map(({ same, columns, ...pair }) => ({
    ...pair,
    ...(same ? { to: pair.from } : {}),
    columns: columns.map(notComputedWhenReferring),
  })) as fc.Arbitrary<TablePair>;

/** Pairs of schemas; with or without columns that change their names. */
export function schemaPair({ renames }: { readonly renames: boolean }): fc.Arbitrary<SchemaPair> {
  const settled = (table: TablePair): TablePair => ({
    ...table,
    columns: table.columns.map((pair) => ({
      ...pair,
      renamed: renames && pair.renamed && table.in === 'both' && isBoth(pair),
    })),
  });
  return fc.array(tablePair.map(settled), { minLength: 1, maxLength: TABLES.length }).map((tables) => ({
    from: scriptOf(tables, 'from'),
    to: scriptOf(tables, 'to'),
    rows: rowsOf(tables),
    kept: keptOf(tables),
    renames: renamesOf(tables),
  }));
}

type Side = 'from' | 'to';

function isThere(table: TablePair, side: Side): boolean {
  return table.in === 'both' || table.in === side;
}

function columnName(pair: ColumnPair, at: number, side: Side): string {
  return pair.renamed && side === 'to' ? `new ${COLUMNS[at]!}` : COLUMNS[at]!;
}

function renamesOf(tables: readonly TablePair[]): RenameHint[] {
  return tables.flatMap((table, index) =>
    table.columns.flatMap((pair, at) => {
      if (!pair.renamed) return [];
      const name = (side: Side) => idOf('', TABLES[index]!, columnName(pair, at, side)).slice(1);
      return [{ from: name('from'), to: name('to'), source: 'test', required: true }];
    }),
  );
}

function isBoth(column: ColumnPair): boolean {
  return column.from !== null && column.to !== null;
}

function scriptOf(tables: readonly TablePair[], side: Side): string {
  const script = tables.flatMap((table, index) =>
    isThere(table, side) ? [tableSql(tables, index, side), ...dependentsSql(tables, index, side)] : [],
  );
  return script.map((statement) => `${statement};\n`).join('');
}

function isStrict(table: TablePair, side: Side): boolean {
  return table[side].strict;
}

function hasRowid(table: TablePair, side: Side): boolean {
  const { key, withoutRowid } = table[side];
  return !withoutRowid || key === 'rowid' || key === 'autoincrement' || key === 'unique';
}

function tableSql(tables: readonly TablePair[], index: number, side: Side): string {
  const table = tables[index]!;
  const { key, comment } = table[side];
  const strict = isStrict(table, side);
  const columns = [
    {
      rowid: `id ${strict ? 'INTEGER' : 'INT'}`,
      autoincrement: 'id INTEGER PRIMARY KEY AUTOINCREMENT',
      integer: 'id INTEGER PRIMARY KEY',
      descending: 'id INTEGER CONSTRAINT pk PRIMARY KEY DESC',
      text: 'id TEXT NOT NULL PRIMARY KEY ON CONFLICT REPLACE',
      composite: 'id INTEGER NOT NULL',
      unique: 'id INT UNIQUE ON CONFLICT IGNORE',
    }[key],
    `k INTEGER NOT NULL DEFAULT 5`,
  ];
  const constraints = key === 'composite' ? ['CONSTRAINT both PRIMARY KEY (id, k DESC)'] : [];
  if (key === 'rowid' || key === 'composite') constraints.push('UNIQUE (id)');
  table.columns.forEach((pair, at) => {
    const column = pair[side];
    if (column) columns.push(columnSql(tables, index, at, side, column, constraints));
  });
  const options = [...(hasRowid(table, side) ? [] : ['WITHOUT ROWID']), ...(strict ? ['STRICT'] : [])];
  const note = ` -- it's a note, with a "comma" (\n`;
  const lines = [...columns, ...constraints]
    .map((line) => `  ${line}${comment ? `${note}  ` : ''}`)
    .join(',\n');
  return `CREATE TABLE ${quote(TABLES[index]!, index)} (${comment ? note : ''}\n${lines}\n) ${options.join(', ')}`.trim();
}

function columnSql(
  tables: readonly TablePair[],
  index: number,
  at: number,
  side: Side,
  column: ColumnSide,
  constraints: string[],
): string {
  const table = tables[index]!;
  const pair = table.columns[at]!;
  const strict = isStrict(table, side);
  const name = quote(columnName(pair, at, side), at + index);
  const type = typeOf(table, pair, side);
  if (column.generated !== 'no') {
    return `${name} ${strict ? 'ANY' : type} GENERATED ALWAYS AS (k + 1) ${column.generated}`;
  }
  const words = [name, type];
  const both = isBoth(pair) && pair.from?.generated === 'no' && pair.to?.generated === 'no';
  if (column.notNull && (both || column.default !== 'none')) words.push(`NOT NULL${column.conflict}`);
  if (column.default === 'constant') words.push('DEFAULT 7');
  if (column.default === 'expression') words.push('DEFAULT (3 + 4)');
  words.push(column.collate.trim());
  if (column.unique && (both || column.default === 'none')) words.push('UNIQUE');
  const check = `CHECK (${name} IS NULL OR length(${name}) < 100)`;
  if (column.check === 'inline') words.push(check);
  if (column.check === 'named') words.push(`CONSTRAINT "chk ${at}" ${check}`);
  if (column.check === 'table') constraints.push(`CHECK (${name} <> 'no')`);
  const target = referenced(tables, table, pair, column);
  if (target !== undefined) {
    words.push(
      `REFERENCES ${quote(TABLES[target]!)} (id) ON DELETE CASCADE${at % 2 ? ' DEFERRABLE INITIALLY DEFERRED' : ''}`,
    );
  }
  return words.filter(Boolean).join(' ');
}

function typeOf(table: TablePair, pair: ColumnPair, side: Side): string {
  const type = pair[side]!.type;
  if (pair.text && isBoth(pair))
    return isStrict(table, side) ? 'TEXT' : type.includes('(20)') ? type : 'TEXT';
  // 1.0 in a REAL column finds no '1' in a TEXT key.
  if (pair.from?.references != null || pair.to?.references != null) return 'INTEGER';
  if (!isStrict(table, side)) return type;
  return type.includes('int') || type === 'INTEGER' ? 'INTEGER' : type === 'REAL' ? 'REAL' : 'ANY';
}

/** Only tables on both sides are referred to, and only by columns whose values are then known to be there. */
function referenced(
  tables: readonly TablePair[],
  table: TablePair,
  pair: ColumnPair,
  column: ColumnSide,
): number | undefined {
  if (column.references === null || column.default !== 'none' || pair.text || table.in !== 'both')
    return undefined;
  const target = column.references % tables.length;
  return tables[target]!.in === 'both' ? target : undefined;
}

function plainColumns(table: TablePair, side: Side): string[] {
  return table.columns.flatMap((pair, at) => (pair[side] ? [quote(columnName(pair, at, side))] : []));
}

function dependentsSql(tables: readonly TablePair[], index: number, side: Side): string[] {
  const table = tables[index]!;
  const { index: kind, view, trigger } = table[side];
  const name = TABLES[index]!;
  const on = quote(name);
  const columns = plainColumns(table, side);
  const last = columns.at(-1) ?? 'k';
  const sql: string[] = [];
  const indexName = quote(`idx ${name}`);
  if (kind === 'plain') sql.push(`CREATE INDEX ${indexName} ON ${on} (${last} COLLATE NOCASE DESC, id)`);
  if (kind === 'unique') sql.push(`CREATE UNIQUE INDEX ${indexName} ON ${on} (id, ${last})`);
  if (kind === 'expression') sql.push(`CREATE INDEX ${indexName} ON ${on} (lower(${last}), k + 1)`);
  if (kind === 'partial') sql.push(`CREATE INDEX ${indexName} ON ${on} (k) WHERE ${last} IS NOT NULL`);
  const viewName = quote(`v ${name}`);
  if (view === 'star') sql.push(`CREATE VIEW ${viewName} AS SELECT * FROM ${on}`);
  if (view === 'columns') sql.push(`CREATE VIEW ${viewName} (x, y) AS SELECT id, ${last} FROM ${on} AS t`);
  if (view === 'nested') {
    sql.push(`CREATE VIEW ${viewName} AS SELECT t.id, ${last} AS z FROM ${on} t`);
    sql.push(
      `CREATE VIEW ${quote(`w ${name}`)} AS SELECT count(*) AS n FROM ${viewName} JOIN ${on} USING (id)`,
    );
  }
  const other = tables.findIndex((each) => isThere(each, side));
  if (view === 'join') {
    sql.push(`CREATE VIEW ${viewName} AS SELECT a.id, b.k FROM ${on} a, ${quote(TABLES[other]!, 1)} AS b`);
  }
  const triggerName = quote(`tr ${name}`);
  if (trigger === 'own') {
    sql.push(
      `CREATE TRIGGER ${triggerName} AFTER UPDATE OF ${last} ON ${on} WHEN new.id IS NOT old.id BEGIN UPDATE ${on} SET k = CASE WHEN k > 1 THEN 2 ELSE 3 END WHERE id = new.id; END`,
    );
  }
  if (trigger === 'other') {
    sql.push(
      `CREATE TRIGGER ${triggerName} BEFORE DELETE ON ${quote(TABLES[other]!)} BEGIN INSERT INTO ${on} (id, k) SELECT ${last}, 1 FROM ${on} WHERE k = old.k; END`,
    );
  }
  if (trigger === 'instead' && view !== 'none') {
    sql.push(
      `CREATE TRIGGER ${triggerName} INSTEAD OF INSERT ON ${viewName} BEGIN INSERT INTO ${on} (id, k) VALUES (NULL, 1); END`,
    );
  }
  return sql;
}

const ROWS = [1, 2, 3, 7];

function rowsOf(tables: readonly TablePair[]): string {
  const statements: string[] = [];
  tables.forEach((table, index) => {
    if (!isThere(table, 'from')) return;
    const given = table.columns.flatMap((pair, at) =>
      pair.from && pair.from.generated === 'no' ? [{ pair, at, side: pair.from }] : [],
    );
    const rowid = hasRowid(table, 'from') && !['autoincrement', 'integer'].includes(table.from.key);
    for (const id of ROWS) {
      const names = [...(rowid ? ['rowid'] : []), 'id', 'k', ...given.map(({ at }) => quote(COLUMNS[at]!))];
      const values = [
        ...(rowid ? [String(id * 11)] : []),
        String(id),
        String(id + 100),
        ...given.map(({ pair, at, side }) => {
          if (referenced(tables, table, pair, side) !== undefined || pair.to?.references != null)
            return String(id);
          return pair.text && isBoth(pair) ? quoteText(`é${"'"};${id} x${at}`) : String(id * 1000 + at);
        }),
      ];
      statements.push(
        `INSERT INTO ${quote(TABLES[index]!)} (${names.join(', ')}) VALUES (${values.join(', ')})`,
      );
    }
    if (table.from.key === 'autoincrement') {
      statements.push(`UPDATE sqlite_sequence SET seq = 4711 WHERE name = ${quoteText(TABLES[index]!)}`);
    }
  });
  return statements.map((statement) => `${statement};\n`).join('');
}

function keptOf(tables: readonly TablePair[]): KeptTable[] {
  return tables.flatMap((table, index) => {
    if (table.in !== 'both') return [];
    // A column that is computed from then on does not keep what it had; the plan says so.
    const isKept = (pair: ColumnPair): boolean =>
      isBoth(pair) && (pair.from!.generated !== 'no' || pair.to!.generated === 'no');
    const names = (side: Side) => [
      'id',
      'k',
      ...table.columns.flatMap((pair, at) => (isKept(pair) ? [quote(columnName(pair, at, side))] : [])),
    ];
    const columns = { from: names('from'), to: names('to') };
    const aliased = (side: Side) => ['autoincrement', 'integer'].includes(table[side].key);
    const rowid = hasRowid(table, 'from') && hasRowid(table, 'to') && !aliased('from') && !aliased('to');
    const autoincrement = table.from.key === 'autoincrement' && table.to.key === 'autoincrement';
    return [{ name: TABLES[index]!, columns, rowid, autoincrement }];
  });
}
