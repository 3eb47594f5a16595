import { propsOf } from '../../schema/kind.js';
import { objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { alterOnly } from '../attachments.js';
import { inParentheses } from '../canonical-expression.js';
import { qualified, quoteIdent, relationOf } from '../identifiers.js';
import type { BothStates } from '../table-parts.js';
import { foldsToSerial, type SequenceShape, sequenceOptions } from './sequence-definition.js';

export type ColumnProps = {
  /** As format_type writes it: `character varying(200)`, `app.mood[]`. */
  readonly type: string;
  /** As SQL writes it; null for the type's own collation. */
  readonly collation: string | null;
  readonly notNull: boolean;
  readonly identity:
    | (SequenceShape & {
        readonly always: boolean;
        /** What its sequence is called; null where the server named it. */
        readonly name: string | null;
      })
    | null;
  readonly generated: { readonly stored: boolean; readonly expression: string } | null;
  /** Null for the type's own. */
  readonly storage: 'plain' | 'external' | 'extended' | 'main' | null;
  readonly compression: 'pglz' | 'lz4' | null;
  /** Null for the server's default. */
  readonly statistics: number | null;
  /** `n_distinct=…` and `n_distinct_inherited=…`. */
  readonly options: readonly string[];
};

const SERIAL: Readonly<Record<string, string>> = {
  smallint: 'smallserial',
  integer: 'serial',
  bigint: 'bigserial',
};

/**
 * A column as it stands in CREATE TABLE or after ADD COLUMN, its default included when that is among the
 * folded parts. A sequence that serial would make the same way, folded with its default, becomes serial.
 */
export function columnDefinition(column: SchemaObject, folded: readonly SchemaObject[]): string {
  const { type, collation, notNull, identity, generated } = propsOf<ColumnProps>(column);
  const value = folded.find((part) => part.kind === 'default' && part.parent === column.id);
  const serial = foldsToSerial(column.id, folded);
  const words = [quoteIdent(column.name), serial ? SERIAL[type]! : type];
  if (collation !== null) words.push(`COLLATE ${collation}`);
  if (generated !== null) words.push(generatedClause(generated));
  if (identity !== null) words.push(identityClause(identity, column.schema));
  const special = folded.find((part) => part.kind === 'not-null-constraint' && part.parent === column.id);
  if (notNull && special !== undefined) words.push(notNullClause(propsOf<NotNullProps>(special)));
  // serial and identity bring NOT NULL along.
  else if (notNull && !serial && identity === null) words.push('NOT NULL');
  if (value !== undefined && !serial) words.push(`DEFAULT ${defaultText(value, type)}`);
  return words.join(' ');
}

/** What is special about a NOT NULL. */
export type NotNullProps = {
  /** Null where the server named it. */
  readonly constraint: string | null;
  readonly noInherit: boolean;
  readonly validated: boolean;
};

/** `CONSTRAINT must NOT NULL`, as a column has it; with the column's name as ADD takes it. */
export function notNullClause({ constraint, noInherit, validated }: NotNullProps, column?: string): string {
  return [
    ...(constraint === null ? [] : [`CONSTRAINT ${quoteIdent(constraint)}`]),
    'NOT NULL',
    ...(column === undefined ? [] : [column]),
    ...(noInherit ? ['NO INHERIT'] : []),
    ...(validated ? [] : ['NOT VALID']),
  ].join(' ');
}

/**
 * A default as a person would write it: without the cast to the column's own type, which the server adds to
 * a bare literal by itself, and negative numbers without quotes.
 */
export function defaultText(value: SchemaObject, columnType: string): string {
  const expression = String(value.props.expression);
  const [, literal, cast] = /^('(?:[^']|'')*')::([^']+)$/.exec(expression) ?? [];
  if (literal === undefined) return expression;
  if (cast === 'integer' && /^'-\d+'$/.test(literal)) return literal.slice(1, -1);
  return cast === columnType.replace(/\([\d,]+\)(\[\])*$/, '$1') ? literal : expression;
}

/** `GENERATED ALWAYS AS (…) STORED`. */
function generatedClause(generated: NonNullable<ColumnProps['generated']>): string {
  return `GENERATED ALWAYS AS ${inParentheses(generated.expression)} ${generated.stored ? 'STORED' : 'VIRTUAL'}`;
}

export function identityClause(
  identity: NonNullable<ColumnProps['identity']>,
  schema: string | null,
): string {
  const options = [
    ...(identity.name === null ? [] : [`SEQUENCE NAME ${qualified(schema, identity.name)}`]),
    ...sequenceOptions(identity),
  ];
  const mode = identity.always ? 'ALWAYS' : 'BY DEFAULT';
  return `GENERATED ${mode} AS IDENTITY${options.length === 0 ? '' : ` (${options.join(' ')})`}`;
}

/** What a column has that no version lets CREATE TABLE say, or only newer ones do. */
export function columnSettings(column: SchemaObject, context: BothStates): string[] {
  const { storage, compression, statistics, options } = propsOf<ColumnProps>(column);
  const alter = alterColumnOnly(column, context);
  return [
    ...(storage === null ? [] : [`${alter} SET STORAGE ${storage.toUpperCase()}`]),
    ...(compression === null ? [] : [`${alter} SET COMPRESSION ${compression}`]),
    ...(statistics === null ? [] : [`${alter} SET STATISTICS ${statistics}`]),
    ...(options.length === 0 ? [] : [`${alter} SET (${options.join(', ')})`]),
  ];
}

/** As `alterColumn`, where the columns of the tables below must not change with it. Also for its default. */
export function alterColumnOnly(column: SchemaObject, context: BothStates): string {
  const table = objectId('table', ...objectPath(column.id).slice(0, 2));
  return `${alterOnly(table, relationOf(column), context)} ALTER COLUMN ${quoteIdent(column.name)}`;
}

/** `ALTER TABLE users ALTER COLUMN email`. */
export function alterColumn(column: SchemaObject): string {
  return `ALTER TABLE ${relationOf(column)} ALTER COLUMN ${quoteIdent(column.name)}`;
}
