import { propsOf } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';
import { dollarQuoted } from './function-sql.js';
import { nameOf, qualified, quoteIdent } from './identifiers.js';
import type { CompositeProps, DomainProps } from './type-sql.js';

/** A type that is made anew: what it was, what it will be, and the name the old one has meanwhile. */
export interface RemadeType {
  readonly before: SchemaObject;
  readonly after: SchemaObject;
  readonly oldName: string;
}

/** Functions that stand while values are converted. */
export interface Converters {
  readonly create: readonly string[];
  /** The function's name; it takes a value, or an array of values, of each of the old types. */
  readonly name: string;
  readonly drop: readonly string[];
}

/**
 * Functions that carry values of remade types over by the names of their attributes, however deep they lie:
 * in arrays, in other composites, in domains. USING takes no subquery, so an array needs a function.
 * @param types the changed type first, then what is built on it
 */
export function compositeConverters(types: readonly RemadeType[]): Converters {
  const [{ before, oldName }] = types as [RemadeType];
  // The old type's name is unlike any other, and so is its function's.
  const name = qualified(before.schema, oldName);
  const remade = new Map(
    types.map((type) => [nameOf(type.after), qualified(type.before.schema, type.oldName)]),
  );
  const signatures: string[] = [];
  const convert = convertedBy(name, remade);
  const create = types.flatMap((type) => {
    const old = qualified(type.before.schema, type.oldName);
    const wanted = nameOf(type.after);
    signatures.push(old, `${old}[]`);
    return [
      functionSql(name, `value ${old}`, wanted, valueBody(type, convert)),
      functionSql(name, `list ${old}[]`, `${wanted}[]`, arrayBody(name, wanted)),
    ];
  });
  return {
    create,
    name,
    drop: signatures.reverse().map((type) => `DROP FUNCTION ${name}(${type})`),
  };
}

type ConvertPart = (part: string, from: string, to: string) => string;

/** A part of a remade type, or an array of those, goes through the functions too. */
function convertedBy(name: string, remade: ReadonlyMap<string, string>): ConvertPart {
  return (part, from, to) => {
    const old = remade.get(to.replace(/\[\]$/, ''));
    // The cast takes a value of a domain to what the domain is over.
    if (old !== undefined) return `${name}(${part}::${old}${to.endsWith('[]') ? '[]' : ''})`;
    return from === to ? part : `${part}::text::${to}`;
  };
}

function functionSql(name: string, argument: string, result: string, body: string): string {
  return `CREATE FUNCTION ${name}(${argument}) RETURNS ${result} LANGUAGE plpgsql AS ${dollarQuoted(body)}`;
}

function valueBody({ before, after }: RemadeType, convert: ConvertPart): string {
  const wanted = nameOf(after);
  if (before.kind !== 'composite-type') {
    const [from, to] = [propsOf<DomainProps>(before).type, propsOf<DomainProps>(after).type];
    return ` BEGIN RETURN ${convert('value', from, to)}::${wanted}; END `;
  }
  const old = propsOf<CompositeProps>(before).attributes;
  const fields = propsOf<CompositeProps>(after).attributes.map(({ name, type }) => {
    const source = old.find((candidate) => candidate.name === name);
    return source === undefined ? `NULL::${type}` : convert(`(value).${quoteIdent(name)}`, source.type, type);
  });
  // A row of nulls is not a null row.
  return `
BEGIN
  RETURN CASE WHEN value IS NOT DISTINCT FROM NULL THEN NULL ELSE ROW(${fields.join(', ')})::${wanted} END;
END `;
}

function arrayBody(name: string, wanted: string): string {
  return `
DECLARE
  result ${wanted}[] := CASE WHEN list IS NOT NULL THEN '{}' END::${wanted}[];
BEGIN
  IF array_ndims(list) > 1 THEN
    RAISE 'an array of more than one dimension cannot be converted';
  END IF;
  FOR place IN 1 .. coalesce(cardinality(list), 0) LOOP
    result[place] := ${name}(list[place + array_lower(list, 1) - 1]);
  END LOOP;
  RETURN result;
END `;
}
