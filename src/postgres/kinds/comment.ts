import { propsOf } from '../../schema/kind.js';
import { objectId, type Schema, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { qualified, quoteIdent, quoteLiteral } from '../identifiers.js';
import { postgresKind } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';

interface CommentProps {
  readonly text: string;
}

/**
 * The comment on any object of the other kinds, and on the columns of views and composite types, which are not
 * objects of their own. Its id is that of what it is about: `comment:table:public.users`. Must stand behind all
 * other kinds but security labels in the list.
 */
export const commentKind: PostgresKind = {
  name: 'comment',
  rank: 90,
  label: (object) => `comment on ${object.name.replace('-', ' ').replace(' public.', ' ')}`,
  reference: (object) => `COMMENT ON ${object.name}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => 'after',

  // Left out: what initdb and CREATE EXTENSION write by themselves. A composite type's row names its pg_class
  // entry; its address is that of the type.
  columns: [
    'objid',
    'target_class',
    'target',
    'target_part',
    'part',
    'text',
    'key_oid',
    'identity_of',
    'identity_column',
    'relation',
  ],
  query: () => `
    SELECT 'pg_description'::regclass::oid::int8 AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           CASE WHEN c.relkind = 'c' THEN ${CATALOG.pg_type} ELSE d.classoid::int8 END AS target_class,
           CASE WHEN c.relkind = 'c' THEN c.reltype ELSE d.objoid END::int8 AS target,
           d.objsubid AS target_part, a.attname AS part, d.description AS text, k.oid::int8 AS key_oid,
           i.refobjid::int8 AS identity_of, i.refobjsubid AS identity_column, c.relname AS relation
      FROM pg_description d
      LEFT JOIN pg_class c ON d.classoid = ${CATALOG.pg_class} AND c.oid = d.objoid
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
      LEFT JOIN pg_depend i ON c.relkind = 'S' AND i.classid = ${CATALOG.pg_class} AND i.objid = c.oid AND i.deptype = 'i'
      LEFT JOIN pg_constraint k ON c.relkind IN ('i', 'I') AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
      LEFT JOIN pg_extension e ON d.classoid = ${CATALOG.pg_extension} AND e.oid = d.objoid
     WHERE (d.objoid >= ${FIRST_USER_OID} OR d.classoid = ${CATALOG.pg_namespace})
       AND NOT (d.classoid = ${CATALOG.pg_namespace} AND d.description = 'standard public schema')
       AND (e.oid IS NULL OR d.description IS DISTINCT FROM
           CASE WHEN e.oid IS NOT NULL  -- it reads the disk, so not for every row
                THEN (SELECT v.comment FROM pg_available_extensions v WHERE v.name = e.extname) END)`,

  read(row, _version, idAt) {
    const address = [row.target_class as number, row.target as number] as const;
    const part = row.part as string | null;
    const key = row.key_oid as number | null;
    if (key !== null) return onIndexOf(idAt(CATALOG.pg_constraint, key, 0), row.text as string);
    if (row.identity_of !== null) {
      const column = idAt(CATALOG.pg_class, row.identity_of as number, row.identity_column as number);
      return onSequenceOf(column, row.relation as string, row.text as string);
    }
    const own = idAt(...address, row.target_part as number);
    const parent = own ?? (part === null ? undefined : idAt(...address, 0));
    if (parent === undefined) return undefined;
    const column = own === undefined ? part : null;
    const subject = column === null ? parent : `${parent}.${objectId('', column).slice(1)}`;
    return {
      kind: 'comment',
      id: `comment:${subject}`,
      path: [subject],
      name: subject.replace(':', ' '),
      schema: null,
      parent,
      props: { text: row.text as string },
      info: { column },
    };
  },

  create: (object, { to }) => ({ sql: [commentOn(object, to, propsOf<CommentProps>(object).text)] }),
  // One that is written again replaces the old one, or its subject is made anew.
  drop: (object, { from, to }) => ({
    sql: to.objects.has(object.id) || goesWithIdentity(object, to) ? [] : [commentOn(object, from, null)],
  }),
  alter: (_before, after, _changed, { to }) => ({
    sql: [commentOn(after, to, propsOf<CommentProps>(after).text)],
  }),
};

/** The index behind a constraint is no object of its own, but may be commented on besides the constraint. */
function onIndexOf(constraint: string | undefined, text: string): ReturnType<PostgresKind['read']> {
  if (constraint === undefined) return undefined;
  const subject = `index of ${constraint}`;
  return {
    kind: 'comment',
    id: `comment:${subject}`,
    path: [subject],
    name: subject.replace(':', ' '),
    schema: null,
    parent: constraint,
    props: { text },
    info: { column: null, index: true },
  };
}

/** Nor is the sequence of an identity column. */
function onSequenceOf(
  column: string | undefined,
  sequence: string,
  text: string,
): ReturnType<PostgresKind['read']> {
  if (column === undefined) return undefined;
  const subject = `sequence of ${column}`;
  return {
    kind: 'comment',
    id: `comment:${subject}`,
    path: [subject],
    name: subject.replace(':', ' '),
    schema: null,
    parent: column,
    props: { text },
    info: { column: null, sequence },
  };
}

function goesWithIdentity(comment: SchemaObject, to: Schema): boolean {
  const column = to.objects.get(comment.parent!);
  return typeof comment.info.sequence === 'string' && (column?.props.identity ?? null) === null;
}

function commentOn(comment: SchemaObject, schema: Schema, text: string | null): string {
  const target = schema.objects.get(comment.parent!)!;
  const { column, index } = comment.info;
  // It may be renamed meanwhile.
  const sequence = typeof comment.info.sequence === 'string' ? target.info.sequence : undefined;
  const subject =
    index === true
      ? `INDEX ${qualified(target.schema, target.name)}`
      : typeof column === 'string'
        ? `COLUMN ${qualified(target.schema, target.name)}.${quoteIdent(column)}`
        : typeof sequence === 'string'
          ? `SEQUENCE ${qualified(target.schema, sequence)}`
          : postgresKind(target.kind).reference(target);
  return `COMMENT ON ${subject} IS ${text === null ? 'NULL' : quoteLiteral(text)}`;
}
