import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { quoteIdent, quoteLiteral } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { roleName } from '../privileges/grants.js';
import { settingSql } from '../setting-sql.js';

interface SettingProps {
  readonly value: string;
}

const HERE = 'in this database';
const EVERYWHERE = 'everywhere';

/** What a role's sessions begin with, in every database or in this one. Settings that may hold a secret are not read. */
export const roleSettingKind: PostgresKind = {
  name: 'role-setting',
  rank: 0,
  optIn: true,
  label: (object) => `setting ${object.name} of role ${objectPath(object.id)[0]}`,
  reference: (object) => `ROLE ${roleName(objectPath(object.id)[0]!)}`,
  droppedWithParent: () => true,

  query: () => `
    SELECT ${CATALOG.pg_db_role_setting} AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           s.setrole::int8 AS role, s.setdatabase <> 0 AS here,
           split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
      FROM pg_db_role_setting s
     CROSS JOIN LATERAL unnest(s.setconfig) c
     WHERE s.setrole <> 0 AND split_part(c, '=', 1) !~* '(secret|passw|token|key|credential)'
       AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_authid, row.role as number, 0);
    if (parent === undefined) return undefined;
    const name = row.name as string;
    return {
      kind: 'role-setting',
      path: [...objectPath(parent), row.here === true ? HERE : EVERYWHERE, name],
      name,
      schema: null,
      parent,
      props: { value: row.value as string },
    };
  },

  create: (object) => ({ sql: [set(object)] }),
  drop: (object) => ({ sql: [alterRole(object, `RESET ${settingName(object)}`)] }),
  alter: (_before, after) => ({ sql: [set(after)] }),
};

function settingName({ name }: SchemaObject): string {
  return name.split('.').map(quoteIdent).join('.');
}

function set(object: SchemaObject): string {
  return alterRole(object, settingSql(`${object.name}=${propsOf<SettingProps>(object).value}`));
}

/** In a database it is said by way of EXECUTE: the statement takes no current_database(), and a plan knows no other. */
function alterRole(object: SchemaObject, what: string): string {
  const [role, where] = objectPath(object.id) as [string, string];
  if (where === EVERYWHERE) return `ALTER ROLE ${roleName(role)} ${what}`;
  const text = `ALTER ROLE ${roleName(role).replaceAll('%', '%%')} IN DATABASE %I ${what.replaceAll('%', '%%')}`;
  return `DO ${quoteLiteral(`BEGIN EXECUTE format(${quoteLiteral(text)}, current_database()); END`)}`;
}
