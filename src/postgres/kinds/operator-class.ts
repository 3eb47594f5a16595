import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { operatorFamilyName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, plainName, quoteIdent, shadowing } from '../identifiers.js';
import { MEMBERS, type Member, memberOf, memberSql } from '../operator-members.js';
import type { PostgresKind } from '../postgres-kind.js';

interface OperatorClassProps {
  readonly type: string;
  readonly default: boolean;
  readonly family: string;
  /** The type that the index stores, where it is another. */
  readonly storage: string | null;
  readonly members: readonly Member[];
}

/** An operator class with what is bound to it. Nothing but its name changes in place. */
export const operatorClassKind: PostgresKind = {
  name: 'operator-class',
  rank: 46,
  label: (object) =>
    `operator class ${plainName(object.schema, object.name)} for ${String(object.info.method)}`,
  reference,
  slots(object) {
    const { type, default: isDefault } = propsOf<OperatorClassProps>(object);
    return [
      object.id,
      ...(isDefault ? [`default operator class ${String(object.info.method)} ${type}`] : []),
    ];
  },

  query: () => `
    SELECT ${CATALOG.pg_opclass} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.opcname AS name, pg_opclass_is_visible(c.oid) AS visible, m.amname AS method,
           format_type(c.opcintype, NULL) AS type, c.opcdefault AS is_default, ${operatorFamilyName('c.opcfamily')} AS family,
           CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END AS storage,
           (SELECT coalesce(json_agg(x ORDER BY x.type DESC, x.number, x.left, x.right), '[]') FROM (${MEMBERS}) x
             WHERE x.family = c.opcfamily AND x.owner = c.oid) AS members
      FROM pg_opclass c
      JOIN pg_namespace n ON n.oid = c.opcnamespace
      JOIN pg_am m ON m.oid = c.opcmethod
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_opclass', 'c.oid')}`,

  read(row, _version, idAt) {
    const schema = row.schema as string;
    const name = row.name as string;
    const method = row.method as string;
    const members = row.members as Readonly<Record<string, unknown>>[];
    return {
      kind: 'operator-class',
      path: [schema, name, method],
      name,
      schema,
      parent: null,
      props: {
        type: row.type as string,
        default: row.is_default as boolean,
        family: row.family as string,
        storage: row.storage as string | null,
        members: members.map((member) => ({ ...memberOf(member) })),
      },
      info: { method, ...shadowing(schema, row.visible) },
      needs: members.flatMap(
        (member) => idAt(Number(member.target_class), Number(member.target_oid), 0) ?? [],
      ),
    };
  },

  // ORDER BY, DISTINCT and the like are written without the operators they mean while a default class has them.
  correctDependencies(object, dependencies) {
    if (object.props.default !== true) return;
    for (const needed of object.dependsOn.filter((id) => id.startsWith('operator:'))) {
      for (const { id, kind } of dependencies.dependents(needed)) {
        if (['view', 'materialized-view'].includes(kind)) dependencies.add(id, object.id);
      }
    }
  },

  create: (object) => ({ sql: [createSql(object)] }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),
  alter: () => 'replace',
};

function reference(object: SchemaObject): string {
  return `OPERATOR CLASS ${nameOf(object)} USING ${quoteIdent(String(object.info.method))}`;
}

function createSql(object: SchemaObject): string {
  const { type, default: isDefault, family, storage, members } = propsOf<OperatorClassProps>(object);
  const method = quoteIdent(String(object.info.method));
  const items = [
    ...members.map(memberSql),
    // A class without anything in it would not be a statement.
    ...(storage === null && members.length > 0 ? [] : [`STORAGE ${storage ?? type}`]),
  ];
  return `CREATE OPERATOR CLASS ${nameOf(object)}${isDefault ? ' DEFAULT' : ''} FOR TYPE ${type} USING ${method} FAMILY ${family} AS\n  ${items.join(',\n  ')}`;
}
