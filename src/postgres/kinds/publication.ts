import { propsOf } from '../../schema/kind.js';
import { CATALOG, isNotExtensionMember } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';
import { memberClauses } from '../publication-members.js';

interface PublicationProps {
  readonly allTables: boolean;
  /** In the order insert, update, delete, truncate. */
  readonly publish: readonly string[];
  readonly viaRoot: boolean;
  /** PostgreSQL 18: `publish_generated_columns = stored`. */
  readonly generatedColumns: boolean;
}

const EVERYTHING = 'insert,update,delete,truncate';

/** A publication; the tables and schemas in it are objects of their own, unless it is FOR ALL TABLES. */
export const publicationKind: PostgresKind = {
  name: 'publication',
  rank: 95,
  label: (object) => `publication ${object.name}`,
  reference: (object) => `PUBLICATION ${quoteIdent(object.name)}`,

  query: (version) => `
    SELECT ${CATALOG.pg_publication} AS classid, p.oid::int8 AS objid, 0 AS objsubid, p.pubname AS name,
           p.puballtables AS all_tables, p.pubviaroot AS via_root,
           concat_ws(',', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
             CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,
           ${version >= 180000 ? `p.pubgencols = 's'` : 'false'} AS generated_columns
      FROM pg_publication p
     WHERE ${isNotExtensionMember('pg_publication', 'p.oid')}`,

  read: (row) => ({
    kind: 'publication',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: {
      allTables: row.all_tables as boolean,
      publish: (row.publish as string).split(',').filter((operation) => operation !== ''),
      viaRoot: row.via_root as boolean,
      generatedColumns: row.generated_columns as boolean,
    },
  }),

  create(object, context) {
    const props = propsOf<PublicationProps>(object);
    const members = memberClauses(context.folded, context);
    const what = props.allTables ? ' FOR ALL TABLES' : members === '' ? '' : ` FOR ${members}`;
    const options = [
      ...(props.publish.join() === EVERYTHING ? [] : [publishOption(props)]),
      ...(props.viaRoot ? ['publish_via_partition_root = true'] : []),
      ...(props.generatedColumns ? ['publish_generated_columns = stored'] : []),
    ];
    const settings = options.length === 0 ? '' : ` WITH (${options.join(', ')})`;
    return { sql: [`CREATE PUBLICATION ${quoteIdent(object.name)}${what}${settings}`] };
  },
  drop: (object) => ({ sql: [`DROP PUBLICATION ${quoteIdent(object.name)}`] }),
  rename: (object, newName) => ({
    sql: [`ALTER PUBLICATION ${quoteIdent(object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),

  alter(_before, after, changed) {
    if (changed.includes('allTables')) return 'replace';
    const props = propsOf<PublicationProps>(after);
    const options = [
      ...(changed.includes('publish') ? [publishOption(props)] : []),
      ...(changed.includes('viaRoot') ? [`publish_via_partition_root = ${props.viaRoot}`] : []),
      ...(changed.includes('generatedColumns')
        ? [`publish_generated_columns = ${props.generatedColumns ? 'stored' : 'none'}`]
        : []),
    ];
    return {
      sql: [`ALTER PUBLICATION ${quoteIdent(after.name)} SET (${options.join(', ')})`],
      summary: aboutOne(`publication ${after.name}`, [
        (publication) => `change what ${publication} publishes`,
      ]),
    };
  },
};

function publishOption({ publish }: PublicationProps): string {
  return `publish = '${publish.join(', ')}'`;
}
