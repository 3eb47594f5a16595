import { propsOf } from '../../schema/kind.js';
import { CATALOG, isNotExtensionMember } from '../catalog-scope.js';
import { openOptions, optionChanges, optionsClause, secretOptions } from '../foreign-options.js';
import { quoteIdent, quoteLiteral } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';

interface ServerProps {
  readonly wrapper: string;
  readonly type: string | null;
  readonly version: string | null;
  /** `name=value`, sorted, without secrets. */
  readonly options: readonly string[];
}

/** A foreign server. Its type and its wrapper are for life; with them go its user mappings and foreign tables. */
export const foreignServerKind: PostgresKind = {
  name: 'foreign-server',
  rank: 4,
  label: (object) => `foreign server ${object.name}`,
  reference: (object) => `SERVER ${quoteIdent(object.name)}`,

  query: () => `
    SELECT ${CATALOG.pg_foreign_server} AS classid, s.oid::int8 AS objid, 0 AS objsubid, s.srvname AS name,
           w.fdwname AS wrapper, s.srvtype AS type, s.srvversion AS version,
           ${openOptions('s.srvoptions')} AS options, ${secretOptions('s.srvoptions')} AS secrets
      FROM pg_foreign_server s
      JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE ${isNotExtensionMember('pg_foreign_server', 's.oid')}`,

  read: (row) => ({
    kind: 'foreign-server',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: {
      wrapper: row.wrapper as string,
      type: row.type as string | null,
      version: row.version as string | null,
      options: row.options as string[],
    },
    info: { secrets: row.secrets as string[] },
  }),

  create(object) {
    const { wrapper, type, version, options } = propsOf<ServerProps>(object);
    const words = [
      `CREATE SERVER ${quoteIdent(object.name)}`,
      ...(type === null ? [] : [`TYPE ${quoteLiteral(type)}`]),
      ...(version === null ? [] : [`VERSION ${quoteLiteral(version)}`]),
      `FOREIGN DATA WRAPPER ${quoteIdent(wrapper)}`,
    ];
    return { sql: [`${words.join(' ')}${optionsClause(options)}`] };
  },
  drop: (object) => ({ sql: [`DROP SERVER ${quoteIdent(object.name)}`] }),
  rename: (object, newName) => ({
    sql: [`ALTER SERVER ${quoteIdent(object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),

  alter(before, after, changed) {
    if (changed.includes('wrapper') || changed.includes('type')) return 'replace';
    const { version, options } = propsOf<ServerProps>(after);
    const clauses = [
      ...(changed.includes('version')
        ? [`VERSION ${version === null ? 'NULL' : quoteLiteral(version)}`]
        : []),
      ...optionChanges(propsOf<ServerProps>(before).options, options),
    ];
    return {
      sql: [`ALTER SERVER ${quoteIdent(after.name)} ${clauses.join(' ')}`],
      summary: aboutOne(
        `foreign server ${after.name}`,
        changed.map((property) => (server) => `change the ${property} of ${server}`),
      ),
    };
  },
};
