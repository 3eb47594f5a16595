import type { Properties, SchemaObject } from '../../schema/object.js';
import { nameOf, plainName, quoteIdent, shadowing } from '../identifiers.js';
import type { CatalogRow, ObjectDraft, PostgresKind } from '../postgres-kind.js';
import { list } from '../type-sql.js';

/**
 * What kinds have in common whose objects live in a schema under a name that only they share, and of which
 * SQL knows little more than CREATE, DROP and RENAME: collations, conversions, text search objects.
 * @param words what SQL calls it, in lower case
 */
export function namedObject(
  words: string,
): Pick<PostgresKind, 'label' | 'reference' | 'slots' | 'drop' | 'rename'> {
  const reference = (object: SchemaObject) => `${words.toUpperCase()} ${nameOf(object)}`;
  const label = (object: SchemaObject) => `${words} ${plainName(object.schema, object.name)}`;
  return {
    label,
    reference,
    slots: (object) => [label(object)],
    drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
    rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),
  };
}

/** The draft of such an object, from a row with `schema`, `name` and `visible`. */
export function namedDraft(
  kind: string,
  row: CatalogRow,
  props: Properties,
): ObjectDraft & { readonly schema: string } {
  const schema = row.schema as string;
  const name = row.name as string;
  return {
    kind,
    path: [schema, name],
    name,
    schema,
    parent: null,
    props,
    info: shadowing(schema, row.visible),
  };
}

/** `(a = 1, b)`: options as CREATE takes them; those without a value are words alone, null ones left out. */
export function optionList(options: Readonly<Record<string, string | boolean | null>>): string {
  const items = Object.entries(options).flatMap(([name, value]) => {
    if (value === null || value === false) return [];
    return [value === true ? name : `${name} = ${value}`];
  });
  return `(${list(items)})`;
}
