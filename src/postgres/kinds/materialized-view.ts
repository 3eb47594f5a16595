import { propsOf, type RenderContext } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { parameterChanges, readParameters, withClause } from './storage-parameters.js';
import { queryText, relationSlots } from './view.js';

interface MaterializedViewProps {
  readonly definition: string;
  /** Storage parameters as `name=value`, those of the TOAST table as `toast.name=value`. */
  readonly options: readonly string[];
  /** Null for heap. */
  readonly accessMethod: string | null;
}

/**
 * A materialised view. There is no OR REPLACE: another query means dropping and creating it, its indexes with it.
 * Whether it is filled changes with every REFRESH, so it is `info`: what was declared WITH NO DATA is created so.
 */
export const materializedViewKind: PostgresKind = {
  name: 'materialized-view',
  rank: 52,
  label: (object) => `materialized view ${plainName(object.schema, object.name)}`,
  reference,
  slots: relationSlots,
  blocksColumnTypeChange: true,

  query: () => `
    SELECT ${CATALOG.pg_class} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.relname AS name, pg_get_viewdef(c.oid) AS definition, c.reloptions AS options,
           t.reloptions AS toast_options, nullif(m.amname, 'heap') AS access_method, c.relispopulated AS populated
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_class t ON t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL
      LEFT JOIN pg_am m ON m.oid = c.relam
     WHERE c.relkind = 'm' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_class', 'c.oid')}`,

  read: (row) => ({
    kind: 'materialized-view',
    path: [row.schema as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: null,
    props: {
      definition: queryText(row.definition as string),
      options: [...readParameters(row.options), ...readParameters(row.toast_options, 'toast.')],
      accessMethod: row.access_method as string | null,
    },
    info: { populated: row.populated as boolean },
  }),

  create(object, context) {
    const { definition, options, accessMethod } = propsOf<MaterializedViewProps>(object);
    const using = accessMethod === null ? '' : ` USING ${quoteIdent(accessMethod)}`;
    const empty = object.info.populated === false || readsEmpty(object, context) ? '\nWITH NO DATA' : '';
    return { sql: [`CREATE ${reference(object)}${using}${withClause(options)} AS\n${definition}${empty}`] };
  },
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter(before, after, changed) {
    if (changed.some((name) => name !== 'options')) return 'replace';
    const changes = parameterChanges(
      propsOf<MaterializedViewProps>(before).options,
      propsOf<MaterializedViewProps>(after).options,
    );
    return {
      sql: changes.map((change) => `ALTER ${reference(after)} ${change}`),
      summary: `Change the storage parameters of materialized view ${plainName(after.schema, after.name)}`,
    };
  },
};

/** One that was never filled cannot be read; whether it is by now is a matter of REFRESH, not of the schema. */
function readsEmpty(object: SchemaObject, { from, to }: RenderContext): boolean {
  return object.dependsOn.some((id) => {
    const needed = from.objects.get(id) ?? to.objects.get(id);
    if (needed === undefined || (needed.kind !== 'view' && needed.kind !== 'materialized-view')) return false;
    return needed.info.populated === false || readsEmpty(needed, { from, to, folded: [] });
  });
}

function reference(object: SchemaObject): string {
  return `MATERIALIZED VIEW ${qualified(object.schema, object.name)}`;
}
