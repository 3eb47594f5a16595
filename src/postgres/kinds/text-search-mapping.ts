import { propsOf, type RenderContext } from '../../schema/kind.js';
import { partId, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { nameOf, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface MappingProps {
  /** Names of dictionaries, in the order in which they are asked. */
  readonly dictionaries: readonly string[];
}

/** The dictionaries that one sort of token goes through in a text search configuration. */
export const textSearchMappingKind: PostgresKind = {
  name: 'text-search-mapping',
  rank: 24,
  label: (object) => `mapping of ${object.name} in text search configuration ${configurationName(object)}`,
  reference: (object) => `TEXT SEARCH MAPPING ${object.name}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  cutOrder: () => 3,

  query: () => `
    SELECT ${CATALOG.pg_ts_config_map} AS classid, m.mapcfg::int8 AS objid, m.maptokentype AS objsubid,
           (SELECT t.alias FROM ts_token_type(c.cfgparser) t WHERE t.tokid = m.maptokentype) AS token,
           json_agg(m.mapdict::regdictionary::text ORDER BY m.mapseqno) AS dictionaries,
           json_agg(m.mapdict::int8 ORDER BY m.mapseqno) AS oids
      FROM pg_ts_config_map m
      JOIN pg_ts_config c ON c.oid = m.mapcfg
     GROUP BY m.mapcfg, m.maptokentype, c.cfgparser`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_ts_config, row.objid, 0);
    if (parent === undefined) return undefined;
    const token = row.token as string;
    return {
      kind: 'text-search-mapping',
      id: partId('text-search-mapping', parent, token),
      path: [],
      name: token,
      schema: null,
      parent,
      props: { dictionaries: row.dictionaries as string[] },
      needs: (row.oids as number[]).flatMap((oid) => idAt(CATALOG.pg_ts_dict, oid, 0) ?? []),
    };
  },

  create: (object, { to }) => ({ sql: addMappings(to.objects.get(object.parent!)!, [object]) }),
  drop: (object, context) => ({
    sql: [
      `ALTER TEXT SEARCH CONFIGURATION ${configuration(object, context)} DROP MAPPING FOR ${quoteIdent(object.name)}`,
    ],
  }),
  alter: (_before, after, _changed, context) => ({
    sql: [
      `ALTER TEXT SEARCH CONFIGURATION ${configuration(after, context)} ALTER MAPPING FOR ${route(after, [after])}`,
    ],
  }),
};

/** One statement for all tokens that take the same way. */
export function addMappings(configuration: SchemaObject, mappings: readonly SchemaObject[]): string[] {
  const ways = new Map<string, SchemaObject[]>();
  for (const mapping of mappings) {
    const way = JSON.stringify(mapping.props);
    ways.set(way, [...(ways.get(way) ?? []), mapping]);
  }
  return [...ways.values()].map(
    (same) =>
      `ALTER TEXT SEARCH CONFIGURATION ${nameOf(configuration)} ADD MAPPING FOR ${route(same[0]!, same)}`,
  );
}

function route(first: SchemaObject, same: readonly SchemaObject[]): string {
  const tokens = same.map(({ name }) => quoteIdent(name)).join(', ');
  return `${tokens} WITH ${propsOf<MappingProps>(first).dictionaries.join(', ')}`;
}

function configuration(mapping: SchemaObject, { from, to }: RenderContext): string {
  return nameOf((from.objects.get(mapping.parent!) ?? to.objects.get(mapping.parent!))!);
}

function configurationName(mapping: SchemaObject): string {
  const name = mapping.parent!.slice(mapping.parent!.indexOf(':') + 1);
  return name.startsWith('public.') ? name.slice('public.'.length) : name;
}
