import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { openOptions, optionChanges } from '../foreign-options.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface OptionsProps {
  /** `name=value`, sorted, without secrets. */
  readonly options: readonly string[];
}

/** What a column of a foreign table says to its server: an object of its own, since hardly a column has any. */
export const foreignColumnOptionsKind: PostgresKind = {
  name: 'foreign-column-options',
  rank: 32,
  label: (object) => `the options of column ${plainRelationOf(object)}.${object.name}`,
  reference: (object) => `COLUMN ${relationOf(object)}.${quoteIdent(object.name)}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => 'after',

  query: () => `
    SELECT 'pg_attribute'::regclass::oid::int8 AS classid, a.attrelid::int8 AS objid, a.attnum AS objsubid,
           ${openOptions('a.attfdwoptions')} AS options
      FROM pg_attribute a
     WHERE a.attrelid >= ${FIRST_USER_OID} AND a.attfdwoptions IS NOT NULL AND NOT a.attisdropped`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, Number(row.objid), row.objsubid);
    const options = row.options as string[];
    if (parent === undefined || options.length === 0) return undefined;
    const path = objectPath(parent);
    if (path.length !== 3) return undefined;
    return {
      kind: 'foreign-column-options',
      path,
      name: path[2]!,
      schema: path[0]!,
      parent,
      props: { options },
    };
  },

  create: (object) => ({ sql: change(object, [], optionsOf(object)) }),
  drop: (object) => ({ sql: change(object, optionsOf(object), []) }),
  alter: (before, after) => ({ sql: change(after, optionsOf(before), optionsOf(after)) }),
};

function optionsOf(object: SchemaObject): readonly string[] {
  return propsOf<OptionsProps>(object).options;
}

function change(object: SchemaObject, before: readonly string[], after: readonly string[]): string[] {
  return optionChanges(before, after).map(
    (options) =>
      `ALTER FOREIGN TABLE ${relationOf(object)} ALTER COLUMN ${quoteIdent(object.name)} ${options}`,
  );
}
