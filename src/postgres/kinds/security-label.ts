import { propsOf } from '../../schema/kind.js';
import { objectId, type Schema, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { qualified, quoteIdent, quoteLiteral } from '../identifiers.js';
import { postgresKind } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';

interface SecurityLabelProps {
  readonly text: string;
}

/**
 * What a label provider (sepgsql, anon) was told of an object or of a column of a view. The provider has to be loaded on
 * the dev database too, or the label has to be left out with `exclude`. Must stand behind the kinds it can be on.
 */
export const securityLabelKind: PostgresKind = {
  name: 'security-label',
  rank: 91,
  label: (object) => `security label ${object.name}`,
  reference: (object) => `SECURITY LABEL ${object.name}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => 'after',

  query: () => `
    SELECT 'pg_seclabel'::regclass::oid::int8 AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           CASE WHEN c.relkind = 'c' THEN ${CATALOG.pg_type} ELSE l.classoid::int8 END AS target_class,
           CASE WHEN c.relkind = 'c' THEN c.reltype ELSE l.objoid END::int8 AS target,
           l.objsubid AS target_part, a.attname AS part, l.provider, l.label AS text
      FROM pg_seclabel l
      LEFT JOIN pg_class c ON l.classoid = ${CATALOG.pg_class} AND c.oid = l.objoid
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = l.objsubid AND l.objsubid > 0`,

  read(row, _version, idAt) {
    const address = [row.target_class as number, row.target as number] as const;
    const part = row.part as string | null;
    const own = idAt(...address, row.target_part as number);
    const parent = own ?? (part === null ? undefined : idAt(...address, 0));
    if (parent === undefined) return undefined;
    const column = own === undefined ? part : null;
    const subject = column === null ? parent : `${parent}.${objectId('', column).slice(1)}`;
    const provider = row.provider as string;
    return {
      kind: 'security-label',
      id: `${objectId('security-label', provider)} on ${subject}`,
      path: [],
      name: `of ${provider} on ${subject.replace(':', ' ')}`,
      schema: null,
      parent,
      props: { text: row.text as string },
      info: { provider, column },
    };
  },

  create: (object, { to }) => ({ sql: [labelOn(object, to, propsOf<SecurityLabelProps>(object).text)] }),
  // One that is written again replaces the old one, or its subject is made anew.
  drop: (object, { from, to }) => ({ sql: to.objects.has(object.id) ? [] : [labelOn(object, from, null)] }),
  alter: (_before, after, _changed, { to }) => ({
    sql: [labelOn(after, to, propsOf<SecurityLabelProps>(after).text)],
  }),
};

function labelOn(label: SchemaObject, schema: Schema, text: string | null): string {
  const target = schema.objects.get(label.parent!)!;
  const { column, provider } = label.info;
  const subject =
    typeof column === 'string'
      ? `COLUMN ${qualified(target.schema, target.name)}.${quoteIdent(column)}`
      : postgresKind(target.kind).reference(target);
  return `SECURITY LABEL FOR ${quoteIdent(String(provider))} ON ${subject} IS ${text === null ? 'NULL' : quoteLiteral(text)}`;
}
