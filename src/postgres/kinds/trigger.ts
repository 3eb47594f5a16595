import { propsOf } from '../../schema/kind.js';
import { objectId, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { withoutDefaultSchema } from '../default-schema-left-out.js';
import { ENABLING, type FiringState, STATE_WORDS, STATES } from '../firing-state.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface TriggerProps {
  readonly definition: string;
  readonly enabled: FiringState;
}

/** A trigger of a table or view. */
export const triggerKind: PostgresKind = {
  name: 'trigger',
  rank: 70,
  label: (object) => `trigger ${object.name} on ${plainRelationOf(object)}`,
  reference: (object) => `TRIGGER ${quoteIdent(object.name)} ON ${relationOf(object)}`,
  droppedWithParent: () => true,
  // It depends on a column only by WHEN or UPDATE OF, and those are what PostgreSQL minds.
  blocksColumnTypeChange: true,

  query: () => `
    SELECT ${CATALOG.pg_trigger} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.relname AS relation, c.relkind AS relkind, t.tgname AS name,
           pg_get_triggerdef(t.oid) AS definition, t.tgenabled AS enabled
      FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND c.relkind IN ('r', 'v') AND ${isUserSchema('n.nspname')}
       AND ${isNotExtensionMember('pg_class', 'c.oid')} AND ${isNotExtensionMember('pg_trigger', 't.oid')}
       AND NOT c.relispartition AND c.reloftype = 0 AND c.oid NOT IN (SELECT i.inhrelid FROM pg_inherits i)`,

  read: (row) => ({
    kind: 'trigger',
    path: [row.schema as string, row.relation as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: objectId(row.relkind === 'v' ? 'view' : 'table', row.schema as string, row.relation as string),
    props: {
      definition: canonicalExpression(withoutDefaultSchema(row.definition as string, 'ON')),
      enabled: STATES[row.enabled as string]!,
    },
  }),

  create(object) {
    const { definition, enabled } = propsOf<TriggerProps>(object);
    return { sql: [definition, ...(enabled === 'origin' ? [] : [setState(object)])] };
  },
  drop: (object) => ({ sql: [`DROP TRIGGER ${quoteIdent(object.name)} ON ${relationOf(object)}`] }),
  rename: (object, newName) => ({
    sql: [
      `ALTER TRIGGER ${quoteIdent(object.name)} ON ${relationOf(object)} RENAME TO ${quoteIdent(newName)}`,
    ],
  }),

  alter: (_before, after, changed) =>
    changed.includes('definition')
      ? 'replace'
      : {
          sql: [setState(after)],
          summary: `${STATE_WORDS[propsOf<TriggerProps>(after).enabled]} trigger ${after.name} on ${plainRelationOf(after)}`,
        },
};

function setState(trigger: SchemaObject): string {
  const { enabled } = propsOf<TriggerProps>(trigger);
  return `ALTER TABLE ${relationOf(trigger)} ${ENABLING[enabled]} TRIGGER ${quoteIdent(trigger.name)}`;
}
