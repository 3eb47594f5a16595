import { objectPath, type SchemaObject } from '../../schema/object.js';
import { nameOf, plainName, qualified, quoteLiteral } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

/**
 * A value of an enum. It is part of what the enum is, and no object: only renames know it, for a renamed value stays
 * in every row. So it is never read, created or dropped.
 */
export const enumValueKind: PostgresKind = {
  name: 'enum-value',
  rank: 11,
  holdsData: true,
  label: (object) => `value '${object.name}' of enum ${enumOf(object, plainName)}`,
  reference: (object) => `TYPE ${enumOf(object, qualified)}`,
  rename: (object, newName) => ({
    sql: [
      `ALTER TYPE ${typeName(object)} RENAME VALUE ${quoteLiteral(object.name)} TO ${quoteLiteral(newName)}`,
    ],
    hazards: [
      {
        code: 'rename',
        level: 'note',
        subject: `${enumOf(object, plainName)}.${object.name}`,
        message: `programs that still use the value '${object.name}' fail from here on`,
      },
    ],
  }),
  query: () => 'SELECT WHERE false',
  read: () => undefined,
  create: () => ({ sql: [] }),
  drop: () => ({ sql: [] }),
  alter: () => ({ sql: [] }),
};

function enumOf(value: SchemaObject, write: (schema: string | null, name: string) => string): string {
  const [schema, name] = objectPath(value.parent!) as [string, string];
  return write(schema, name);
}

function typeName(value: SchemaObject): string {
  const [schema, name] = objectPath(value.parent!) as [string, string];
  return nameOf({ ...value, schema, name });
}
