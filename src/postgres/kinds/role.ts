import { SCRATCH_ROLE_MARK } from '../../database/scratch-roles.js';
import { propsOf } from '../../schema/kind.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { quoteLiteral } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { roleName } from '../privileges/grants.js';

interface RoleProps {
  readonly superuser: boolean;
  readonly createdb: boolean;
  readonly createrole: boolean;
  readonly inherit: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassrls: boolean;
  /** -1 for no limit. */
  readonly connectionLimit: number;
  /** Null where the password never gets too old. */
  readonly validUntil: string | null;
}

const WORDS = {
  superuser: 'SUPERUSER',
  createdb: 'CREATEDB',
  createrole: 'CREATEROLE',
  inherit: 'INHERIT',
  login: 'LOGIN',
  replication: 'REPLICATION',
  bypassrls: 'BYPASSRLS',
} as const;

const NEW: RoleProps = {
  superuser: false,
  createdb: false,
  createrole: false,
  inherit: true,
  login: false,
  replication: false,
  bypassrls: false,
  connectionLimit: -1,
  validUntil: null,
};

/**
 * A role of the server, for those who ask for roles. Not PostgreSQL's own, not the one that initdb made, not the
 * connected one, which must not lose what it works with, and none that was made on a dev database because SQL names it.
 * Passwords are never read and never written.
 */
export const roleKind: PostgresKind = {
  name: 'role',
  rank: 0,
  optIn: true,
  label: (object) => `role ${object.name}`,
  reference: (object) => `ROLE ${roleName(object.name)}`,

  query: () => `
    SELECT ${CATALOG.pg_authid} AS classid, r.oid::int8 AS objid, 0 AS objsubid, r.rolname AS name,
           r.rolsuper AS superuser, r.rolcreatedb AS createdb, r.rolcreaterole AS createrole, r.rolinherit AS inherit,
           r.rolcanlogin AS login, r.rolreplication AS replication, r.rolbypassrls AS bypassrls,
           r.rolconnlimit AS "connectionLimit",
           CASE WHEN isfinite(r.rolvaliduntil)
                THEN to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'
                WHEN r.rolvaliduntil = '-infinity' THEN '-infinity' END AS "validUntil"
      FROM pg_roles r
     WHERE r.oid >= ${FIRST_USER_OID} AND left(r.rolname, 3) <> 'pg_'
       AND r.rolname <> ALL (ARRAY[current_user, session_user])
       AND NOT starts_with(coalesce(shobj_description(r.oid, 'pg_authid'), ''), '${SCRATCH_ROLE_MARK}')`,

  read(row) {
    const name = row.name as string;
    const props: RoleProps = {
      superuser: row.superuser as boolean,
      createdb: row.createdb as boolean,
      createrole: row.createrole as boolean,
      inherit: row.inherit as boolean,
      login: row.login as boolean,
      replication: row.replication as boolean,
      bypassrls: row.bypassrls as boolean,
      connectionLimit: row.connectionLimit as number,
      validUntil: row.validUntil as string | null,
    };
    return { kind: 'role', path: [name], name, schema: null, parent: null, props: { ...props } };
  },

  create(object) {
    const props = propsOf<RoleProps>(object);
    const words = options(NEW, props);
    const { name } = object;
    return {
      sql: [`CREATE ROLE ${roleName(name)}${words.length === 0 ? '' : ` ${words.join(' ')}`}`],
      hazards: props.login
        ? [
            {
              code: 'secret-not-written',
              level: 'note',
              subject: name,
              message: `role ${name}: it has no password, and can log in with one only after \\password or ALTER ROLE … PASSWORD`,
            },
          ]
        : [],
    };
  },
  drop: ({ name }) => ({
    sql: [`DROP ROLE ${roleName(name)}`],
    hazards: [
      {
        code: 'drop-role',
        level: 'data-loss',
        subject: name,
        message: `role ${name}: its password goes, and nothing can bring it back; no database of the server can use it any more`,
      },
    ],
  }),
  alter: (before, after) => ({
    sql: [
      `ALTER ROLE ${roleName(after.name)} ${options(propsOf<RoleProps>(before), propsOf<RoleProps>(after)).join(' ')}`,
    ],
  }),
};

/** What has to be said to come from one to the other. */
function options(before: RoleProps, after: RoleProps): string[] {
  const keys = Object.keys(WORDS) as (keyof typeof WORDS)[];
  return [
    ...keys
      .filter((key) => before[key] !== after[key])
      .map((key) => `${after[key] ? '' : 'NO'}${WORDS[key]}`),
    ...(before.connectionLimit === after.connectionLimit
      ? []
      : [`CONNECTION LIMIT ${after.connectionLimit}`]),
    ...(before.validUntil === after.validUntil
      ? []
      : [`VALID UNTIL ${quoteLiteral(after.validUntil ?? 'infinity')}`]),
  ];
}
