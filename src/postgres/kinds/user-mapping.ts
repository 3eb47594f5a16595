import { type Hazard, propsOf } from '../../schema/kind.js';
import { objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { openOptions, optionChanges, optionsClause, secretOptions } from '../foreign-options.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface MappingProps {
  /** `name=value`, sorted, without secrets; null where the connected role may not see them. */
  readonly options: readonly string[] | null;
}

/** The path's word for the mapping that holds for everybody; no role can have the name. */
const EVERYBODY = 'public';

/**
 * As whom a role (or everybody) goes to a foreign server. Passwords, and every other option that is not known to
 * be harmless, are left on the server: never read, compared or written. Where the connected role may not see the
 * options of a mapping at all, they are no difference.
 */
export const userMappingKind: PostgresKind = {
  name: 'user-mapping',
  rank: 5,
  label: (object) => `user mapping for ${object.name} on server ${serverOf(object)}`,
  reference: sqlName,

  // pg_user_mapping itself can be read by superusers only; the view shows everybody what is theirs to see.
  query: () => `
    SELECT ${CATALOG.pg_user_mapping} AS classid, m.umid::int8 AS objid, 0 AS objsubid, m.srvid::int8 AS server,
           m.usename AS name, ${openOptions('m.umoptions', 'user')} AS options,
           ${secretOptions('m.umoptions', 'user')} AS secrets,
           m.umoptions IS NOT NULL OR (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user)
             OR m.umuser = 0 AND pg_has_role(s.srvowner, 'USAGE')
             OR m.usename = current_user
                AND (pg_has_role(s.srvowner, 'USAGE') OR has_server_privilege(s.oid, 'USAGE')) AS readable
      FROM pg_user_mappings m
      JOIN pg_foreign_server s ON s.oid = m.srvid`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_foreign_server, row.server as number, 0);
    if (parent === undefined) return undefined;
    const name = row.name as string;
    return {
      kind: 'user-mapping',
      path: [...objectPath(parent), name],
      name,
      schema: null,
      parent,
      props: { options: row.readable === true ? (row.options as string[]) : null },
      info: { secrets: row.secrets as string[] },
      needs: [objectId('role', name)],
    };
  },

  sameProperty: (_key, before, after) =>
    propsOf<MappingProps>(before).options === null || propsOf<MappingProps>(after).options === null,

  create: (object) => ({
    sql: [`CREATE ${sqlName(object)}${optionsClause(propsOf<MappingProps>(object).options ?? [])}`],
    hazards: hidden(
      object,
      'note',
      (names) => `its ${names} is not written: add it with ALTER USER MAPPING … OPTIONS (ADD …)`,
    ),
  }),
  drop: (object) => ({
    sql: [`DROP ${sqlName(object)}`],
    hazards: hidden(object, 'data-loss', (names) => `its ${names} goes, and nothing can bring it back`),
  }),
  alter: (before, after) => ({
    sql: optionChanges(
      propsOf<MappingProps>(before).options ?? [],
      propsOf<MappingProps>(after).options ?? [],
    ).map((change) => `ALTER ${sqlName(after)} ${change}`),
    summary: `Change the options of the user mapping for ${after.name} on server ${serverOf(after)}`,
  }),
};

function serverOf(mapping: SchemaObject): string {
  return objectPath(mapping.id)[0]!;
}

function sqlName(mapping: SchemaObject): string {
  const role = mapping.name === EVERYBODY ? 'PUBLIC' : quoteIdent(mapping.name);
  return `USER MAPPING FOR ${role} SERVER ${quoteIdent(serverOf(mapping))}`;
}

/** What to know about options that a plan cannot carry. */
function hidden(mapping: SchemaObject, level: Hazard['level'], message: (names: string) => string): Hazard[] {
  const names = mapping.info.secrets as readonly string[];
  if (names.length === 0) return [];
  return [
    {
      code: level === 'note' ? 'secret-not-written' : 'drop-user-mapping',
      level,
      subject: `${serverOf(mapping)}.${mapping.name}`,
      message: `user mapping for ${mapping.name} on server ${serverOf(mapping)}: ${message(names.join(', '))}`,
    },
  ];
}
