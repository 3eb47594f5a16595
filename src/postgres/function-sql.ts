import { propsOf } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';
import { nameOf, quoteIdent, quoteLiteral } from './identifiers.js';
import { settingSql } from './setting-sql.js';

export interface FunctionProps {
  readonly routine: 'function' | 'procedure' | 'window';
  /** As CREATE FUNCTION writes them, names, modes and defaults included. */
  readonly arguments: string;
  /** Null for a procedure. */
  readonly returns: string | null;
  readonly language: string;
  /** The body as a string; null when it is SQL-standard. For C the symbol in `library`. */
  readonly body: string | null;
  /** `BEGIN ATOMIC … END` or `RETURN …`, parsed when it was created. */
  readonly sqlBody: string | null;
  /** The shared library of a C function. */
  readonly library: string | null;
  readonly volatility: 'volatile' | 'stable' | 'immutable';
  readonly parallel: 'unsafe' | 'restricted' | 'safe';
  readonly strict: boolean;
  readonly securityDefiner: boolean;
  readonly leakproof: boolean;
  /** Null where it is what the language gets by default. */
  readonly cost: number | null;
  /** Null where it is the default (1000) or no set is returned. */
  readonly rows: number | null;
  readonly support: string | null;
  /** Types with FOR TYPE transforms. */
  readonly transforms: readonly string[];
  /** `search_path=app, public`, as pg_proc.proconfig keeps them. */
  readonly settings: readonly string[];
}

/** CREATE [OR REPLACE] FUNCTION or PROCEDURE, the way pg_dump lays it out. */
export function createFunctionSql(object: SchemaObject, verb: 'CREATE' | 'CREATE OR REPLACE'): string {
  const props = propsOf<FunctionProps>(object);
  const word = props.routine === 'procedure' ? 'PROCEDURE' : 'FUNCTION';
  const lines = [
    `${verb} ${word} ${nameOf(object)}(${props.arguments})`,
    ...(props.returns === null ? [] : [`RETURNS ${props.returns}`]),
    `LANGUAGE ${quoteIdent(props.language)}`,
    ...(props.transforms.length === 0
      ? []
      : [`TRANSFORM ${props.transforms.map((type) => `FOR TYPE ${type}`).join(', ')}`]),
    options(props),
    ...props.settings.map(settingSql),
    props.sqlBody ?? `AS ${bodyLiterals(props)}`,
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function options(props: FunctionProps): string {
  return [
    ...(props.routine === 'window' ? ['WINDOW'] : []),
    ...(props.volatility === 'volatile' ? [] : [props.volatility.toUpperCase()]),
    ...(props.strict ? ['STRICT'] : []),
    ...(props.securityDefiner ? ['SECURITY DEFINER'] : []),
    ...(props.leakproof ? ['LEAKPROOF'] : []),
    ...(props.parallel === 'unsafe' ? [] : [`PARALLEL ${props.parallel.toUpperCase()}`]),
    ...(props.cost === null ? [] : [`COST ${props.cost}`]),
    ...(props.rows === null ? [] : [`ROWS ${props.rows}`]),
    ...(props.support === null ? [] : [`SUPPORT ${props.support}`]),
  ].join(' ');
}

function bodyLiterals({ library, body }: FunctionProps): string {
  return library === null
    ? dollarQuoted(body ?? '')
    : `${quoteLiteral(library)}, ${quoteLiteral(body ?? '')}`;
}

/** `$$…$$`, or with the first tag that the text does not contain. */
export function dollarQuoted(text: string): string {
  if (!text.includes('$$') && !text.endsWith('$')) return `$$${text}$$`;
  let tag = 'function';
  while (text.includes(`$${tag}`)) tag += 'x';
  return `$${tag}$${text}$${tag}$`;
}
