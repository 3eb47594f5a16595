/**
 * SQL for a schema of `tables` tables: ten columns, two indexes and a foreign key each, for five tables two
 * functions, and a stack of views 20 deep. The whole of it is 5,000 tables, 50,000 columns, 10,000 indexes besides the
 * keys, 2,000 functions.
 */
export function largeSchema(tables) {
  return [
    ...range(tables).map(table),
    ...range((tables * 2) / 5).map(routine),
    ...range(20).map((number) => view(number, tables)),
  ];
}

/** A hundred changes to it, of the sorts that people make. */
export function hundredChanges(tables) {
  const step = Math.floor(tables / 100);
  return range(100).map((number) => {
    const entity = `entity_${number * step + 1}`;
    const changes = [
      `ALTER TABLE ${entity} ADD COLUMN note text`,
      `ALTER TABLE ${entity} ALTER COLUMN amount TYPE numeric(14, 2)`,
      `ALTER TABLE ${entity} ALTER COLUMN title SET DEFAULT 'none'`,
      `CREATE INDEX ${entity}_amount_idx ON ${entity} (amount)`,
      `DROP INDEX ${entity}_title_idx`,
      `ALTER TABLE ${entity} ADD CHECK (amount > 0)`,
      `COMMENT ON TABLE ${entity} IS 'changed'`,
      `CREATE OR REPLACE FUNCTION total_${number}(wanted bigint) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT wanted + 1'`,
      `ALTER TABLE ${entity} DROP COLUMN data`,
      `ALTER TABLE ${entity} ALTER COLUMN updated_at SET NOT NULL`,
    ];
    return changes[number % changes.length];
  });
}

const range = (count) => Array.from({ length: count }, (_, index) => index);

function table(index) {
  const number = index + 1;
  return `CREATE TABLE entity_${number} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  parent_id bigint NOT NULL ${number > 1 ? `REFERENCES entity_${number - 1} ON DELETE CASCADE` : ''},
  code varchar(40) NOT NULL,
  title text NOT NULL DEFAULT '',
  amount numeric(12, 2),
  active boolean NOT NULL DEFAULT true,
  tags text[] NOT NULL DEFAULT '{}',
  data jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz${number % 10 === 0 ? `,\n  CHECK (updated_at >= created_at)` : ''}
);
CREATE INDEX entity_${number}_parent_idx ON entity_${number} (parent_id, created_at DESC);
CREATE INDEX entity_${number}_title_idx ON entity_${number} ${number % 4 === 0 ? '(lower(title)) WHERE active' : '(title, active)'};
${number % 5 === 0 ? `COMMENT ON COLUMN entity_${number}.code IS 'What people call number ${number}';` : ''}`;
}

function routine(number) {
  return `CREATE FUNCTION total_${number}(wanted bigint) RETURNS bigint LANGUAGE sql STABLE AS
  'SELECT count(*) FROM entity_${number + 1} WHERE parent_id = wanted';`;
}

function view(number, tables) {
  const below = number === 0 ? `entity_${tables}` : `layer_${number - 1}`;
  return `CREATE VIEW layer_${number} AS SELECT id, title, amount, active FROM ${below} WHERE active;`;
}
