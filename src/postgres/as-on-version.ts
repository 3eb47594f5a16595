import { makeSchema, type Schema, type SchemaObject } from '../schema/object.js';
import { type Grants, grantsIn } from './privileges/grants.js';

/**
 * A schema as it is on a server of that version, where roles and privileges are concerned: before 16 a membership had
 * only the option ADMIN, before 17 there was no MAINTAIN, so
 * that the other privileges on a table were all, and before 15 PUBLIC could create in a new database's schema
 * `public`, which nobody said and is no difference.
 */
export function asOnVersion(schema: Schema, version: number): Schema {
  if (version >= 170000) return schema;
  let changed = false;
  const objects: SchemaObject[] = [];
  for (const object of schema.objects.values()) {
    const grants =
      object.kind === 'privileges' || object.kind === 'default-privileges'
        ? asOn(object, version)
        : undefined;
    if (object.kind === 'role-membership' && version < 160000) {
      changed = true;
      const inherit = schema.objects.get(object.parent!)?.props.inherit ?? true;
      objects.push({ ...object, props: { ...object.props, inherit, set: true } });
    } else if (grants === undefined) objects.push(object);
    else {
      changed = true;
      if (Object.keys(grants).length > 0) objects.push({ ...object, props: { grants } });
    }
  }
  return changed ? makeSchema(schema.engine, schema.engineVersion, objects, schema.unmanaged) : schema;
}

/** The grants where they are others there. */
function asOn(fact: SchemaObject, version: number): Grants | undefined {
  const grants = grantsIn(fact.props.grants);
  if (fact.info.class === 'table' || fact.info.of === 'table') {
    const known = Object.entries(grants).map(([grantee, list]): [string, readonly string[]] => [
      grantee,
      withoutMaintain(list),
    ]);
    if (known.every(([grantee, list]) => list === grants[grantee])) return undefined;
    return Object.fromEntries(known.filter(([grantee, list]) => grantee !== 'owner' || list[0] !== 'ALL'));
  }
  const { public: everybody, ...others } = grants;
  if (fact.parent !== 'schema:public' || version >= 150000 || everybody?.length !== 1) return undefined;
  return ['ALL', 'USAGE'].includes(everybody[0]!) ? others : undefined;
}

const BEFORE_17 = ['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'];

function withoutMaintain(list: readonly string[]): readonly string[] {
  const rest = list.filter((one) => !one.startsWith('MAINTAIN'));
  if (rest.length < BEFORE_17.length) return rest.length === list.length ? list : rest;
  if (!BEFORE_17.every((one) => rest.includes(one) || rest.includes(`${one}*`))) return list;
  const passed = rest.filter((one) => one.endsWith('*'));
  return passed.length === rest.length ? ['ALL*'] : ['ALL', ...passed];
}
