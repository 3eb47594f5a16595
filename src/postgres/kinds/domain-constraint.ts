import { propsOf } from '../../schema/kind.js';
import { objectId, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface DomainConstraintProps {
  /** `CHECK (VALUE > 0)`, without NOT VALID. */
  readonly definition: string;
  readonly validated: boolean;
}

/** A CHECK constraint of a domain. Its NOT NULL, a constraint too since PostgreSQL 17, is the domain's own property. */
export const domainConstraintKind: PostgresKind = {
  name: 'domain-constraint',
  rank: 15,
  label: (object) => `constraint ${object.name} of domain ${plainRelationOf(object)}`,
  reference: (object) => `CONSTRAINT ${quoteIdent(object.name)} ON DOMAIN ${relationOf(object)}`,
  droppedWithParent: () => true,
  foldsIntoParent: (object) => propsOf<DomainConstraintProps>(object).validated,
  // The server refuses it while a column holds the domain inside an array.
  crowds: (object) => [`values of ${object.parent}`],
  // A check that calls a function which takes the domain can only be added once both are there.
  cutOrder: () => 1,

  query: () => `
    SELECT ${CATALOG.pg_constraint} AS classid, k.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.typname AS domain, k.conname AS name,
           pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated
      FROM pg_constraint k
      JOIN pg_type t ON t.oid = k.contypid
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE k.contype = 'c' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read: (row) => ({
    kind: 'domain-constraint',
    path: [row.schema as string, row.domain as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: objectId('domain', row.schema as string, row.domain as string),
    props: {
      definition: canonicalExpression((row.definition as string).replace(/ NOT VALID$/, '')),
      validated: row.validated as boolean,
    },
  }),

  create(object) {
    const notValid = propsOf<DomainConstraintProps>(object).validated ? '' : ' NOT VALID';
    return { sql: [`ALTER DOMAIN ${relationOf(object)} ADD ${domainConstraintSql(object)}${notValid}`] };
  },
  drop: (object) => ({
    sql: [`ALTER DOMAIN ${relationOf(object)} DROP CONSTRAINT ${quoteIdent(object.name)}`],
  }),
  rename: (object, newName) => ({
    sql: [
      `ALTER DOMAIN ${relationOf(object)} RENAME CONSTRAINT ${quoteIdent(object.name)} TO ${quoteIdent(newName)}`,
    ],
  }),

  alter(_before, after, changed) {
    if (changed.includes('definition') || !propsOf<DomainConstraintProps>(after).validated) return 'replace';
    return {
      sql: [`ALTER DOMAIN ${relationOf(after)} VALIDATE CONSTRAINT ${quoteIdent(after.name)}`],
      summary: `Validate constraint ${after.name} of domain ${plainRelationOf(after)}`,
    };
  },
};

/** `CONSTRAINT positive CHECK (VALUE > 0)`, as CREATE DOMAIN and ALTER DOMAIN ADD write it. */
export function domainConstraintSql(object: SchemaObject): string {
  return `CONSTRAINT ${quoteIdent(object.name)} ${propsOf<DomainConstraintProps>(object).definition}`;
}
