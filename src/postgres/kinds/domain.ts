import type { Change } from '../../schema/diff.js';
import type { Hazard, InPlace, RenderContext, Rendered } from '../../schema/kind.js';
import { propsOf } from '../../schema/kind.js';
import { objectsOfKind } from '../../schema/lookup.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { domainsWithin } from '../domains-within.js';
import { nameOf, plainName, quoteIdent, shadowing } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';
import { columnsUsing, swapType } from '../swap-type.js';
import { createTypeSql, type DomainProps, typeSlots } from '../type-sql.js';
import { domainConstraintSql } from './domain-constraint.js';
import { rereadValues } from './lost-values.js';

/** A domain. Its CHECK constraints are objects of their own, written inside its CREATE where possible. */
export const domainKind: PostgresKind = {
  name: 'domain',
  rank: 14,
  label: (object) => `domain ${plainName(object.schema, object.name)}`,
  reference,
  slots: typeSlots,

  query: () => `
    SELECT ${CATALOG.pg_type} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible, format_type(t.typbasetype, t.typtypmod) AS type,
           CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::regcollation::text END AS collation,
           pg_get_expr(t.typdefaultbin, 0) AS default, t.typnotnull AS not_null
      FROM pg_type t
      JOIN pg_type b ON b.oid = t.typbasetype
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype = 'd' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read: (row) => ({
    kind: 'domain',
    path: [row.schema as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: null,
    props: {
      type: row.type as string,
      collation: row.collation as string | null,
      default: row.default === null ? null : canonicalExpression(row.default as string),
      notNull: row.not_null as boolean,
    },
    info: shadowing(row.schema as string, row.visible),
  }),

  create: (object, { folded }) => ({
    sql: [
      createTypeSql(
        object,
        folded.filter((part) => part.kind === 'domain-constraint').map(domainConstraintSql),
      ),
    ],
  }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  worthRenaming: true,
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alterWhole,
  alter(before, after, changed, context) {
    return changed.includes('type') || changed.includes('collation')
      ? swapType(before, after, context, { hazards: conversion(before, after) })
      : { ...alterInPlace(after, changed), follows: holders(before, context.from) };
  },
};

/**
 * The server checks the columns of a domain when it gets a constraint, but not inside arrays, composites and
 * ranges: where one holds it, it refuses. Then the domain is made anew, with its constraints.
 */
function alterWhole(
  before: SchemaObject,
  after: SchemaObject,
  changes: readonly Change[],
  context: RenderContext,
): InPlace | undefined {
  const checks = changes.flatMap((change) => {
    const object = change.action === 'alter' ? change.after : change.object;
    return object.kind === 'domain-constraint' ? [{ object, gone: change.action === 'drop' }] : [];
  });
  const wanted = checks.flatMap(({ object, gone }) =>
    !gone && object.props.validated === true ? [object] : [],
  );
  const old = propsOf<DomainProps>(before);
  const next = propsOf<DomainProps>(after);
  const retyped = old.type !== next.type || old.collation !== next.collation;
  const stricter = wanted.length > 0 || (next.notNull && !old.notNull);
  if (!stricter || !columnsUsing(before, context).some((column) => wraps(column, before, context.from)))
    return undefined;
  const swap = swapType(before, after, context, {
    checks: wanted,
    hazards: retyped ? conversion(before, after) : [stricterValues(after)],
  });
  return swap === 'replace'
    ? undefined
    : {
        ...swap,
        settles: checks
          .filter(({ object, gone }) => gone || wanted.includes(object))
          .map(({ object }) => object.id),
      };
}

/** True when the column is not of the domain itself, or a domain over it, but of a type made with it. */
function wraps(holder: SchemaObject, domain: SchemaObject, schema: Schema): boolean {
  if (holder.props.type === nameOf(domain)) return false;
  const domains = holder.dependsOn.flatMap((id) => schema.objects.get(id) ?? []);
  return !domains.some(
    (over) => over.kind === 'domain' && holder.props.type === nameOf(over) && !wraps(over, domain, schema),
  );
}

function stricterValues(domain: SchemaObject): Hazard {
  const subject = plainName(domain.schema, domain.name);
  return {
    code: 'add-check',
    level: 'may-fail',
    subject,
    message: `fails if a value of ${subject} does not satisfy its constraints`,
  };
}

/** The columns that hold the domain: those that go, go before it gets stricter. */
function holders(domain: SchemaObject, schema: Schema): string[] {
  return objectsOfKind(schema, 'column').flatMap((column) =>
    domainsWithin(column, schema).includes(domain.id) ? [column.id] : [],
  );
}

function reference(object: SchemaObject): string {
  return `DOMAIN ${nameOf(object)}`;
}

function alterInPlace(after: SchemaObject, changed: readonly string[]): Rendered {
  const { default: fallback, notNull } = propsOf<DomainProps>(after);
  const alter = `ALTER ${reference(after)}`;
  const subject = plainName(after.schema, after.name);
  return {
    summary: aboutOne(`domain ${subject}`, [
      ...(changed.includes('default') ? [(domain: string) => `change the default of ${domain}`] : []),
      ...(changed.includes('notNull')
        ? [(domain: string) => (notNull ? `make ${domain} NOT NULL` : `allow nulls in ${domain}`)]
        : []),
    ]),
    sql: [
      ...(changed.includes('default')
        ? [fallback === null ? `${alter} DROP DEFAULT` : `${alter} SET DEFAULT ${fallback}`]
        : []),
      ...(changed.includes('notNull') ? [`${alter} ${notNull ? 'SET' : 'DROP'} NOT NULL`] : []),
    ],
    hazards:
      changed.includes('notNull') && notNull
        ? [
            {
              code: 'set-not-null',
              level: 'may-fail',
              subject,
              message: `fails if a column of type ${subject} holds a null`,
            },
          ]
        : [],
  };
}

function conversion(before: SchemaObject, after: SchemaObject): Hazard[] {
  const [from, to] = [propsOf<DomainProps>(before).type, propsOf<DomainProps>(after).type];
  return rereadValues(from, to, plainName(after.schema, after.name));
}
