import { propsOf, type RenderContext } from '../../schema/kind.js';
import { objectId, partId, type SchemaObject } from '../../schema/object.js';
import { followsParent, handsOn, partitionId } from '../attachments.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { withoutDefaultSchema } from '../default-schema-left-out.js';
import { type FiringState, STATE_WORDS, STATES } from '../firing-state.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { inheritedFrom } from '../table-parts.js';
import { triggerState } from './trigger-state.js';

interface TriggerProps {
  readonly definition: string;
  readonly enabled: FiringState;
  /** True for what the trigger of a partitioned table is in a partition. */
  readonly inherited: boolean;
}

/** A trigger of a table or view. */
export const triggerKind: PostgresKind = {
  name: 'trigger',
  rank: 70,
  label: (object) => `trigger ${object.name} on ${plainRelationOf(object)}`,
  reference: (object) => `TRIGGER ${quoteIdent(object.name)} ON ${relationOf(object)}`,
  droppedWithParent: () => true,
  cutOrder: () => 0,
  slots: (object) => [handsOn(object.parent!)],
  frees: () => [],
  // It depends on a column only by WHEN or UPDATE OF, and those are what PostgreSQL minds.
  blocksColumnTypeChange: true,

  query: () => `
    SELECT ${CATALOG.pg_trigger} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.relname AS relation, c.relkind AS relkind, t.tgname AS name,
           pg_get_triggerdef(t.oid) AS definition, t.tgenabled AS enabled,
           CASE WHEN t.tgparentid <> 0 THEN (
             SELECT json_build_object('relation', p.tgrelid::int8, 'name', p.tgname)
             FROM pg_trigger p WHERE p.oid = t.tgparentid) END AS above
      FROM pg_trigger t
      JOIN pg_class c ON c.oid = t.tgrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE (NOT t.tgisinternal OR t.tgparentid <> 0 AND t.tgconstraint = 0) AND c.relkind IN ('r', 'p', 'f', 'v') AND ${isUserSchema('n.nspname')}
       AND ${isNotExtensionMember('pg_class', 'c.oid')} AND ${isNotExtensionMember('pg_trigger', 't.oid')}`,

  read: (row, _version, idAt) => ({
    kind: 'trigger',
    path: [row.schema as string, row.relation as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: objectId(row.relkind === 'v' ? 'view' : 'table', row.schema as string, row.relation as string),
    props: {
      definition: canonicalExpression(withoutDefaultSchema(row.definition as string, 'ON')),
      enabled: STATES[row.enabled as string]!,
      inherited: row.above !== null,
    },
    ...above(row.above as Above | null, idAt),
  }),

  create: (object, context) => ({
    // The clones on the tables below come with it, and are enabled as it is when it is made.
    sql: [
      propsOf<TriggerProps>(object).definition,
      ...[object, ...context.folded.filter(({ kind }) => kind === 'trigger')]
        .filter((trigger) => propsOf<TriggerProps>(trigger).enabled !== 'origin')
        .map((trigger) => triggerState(trigger, context)),
    ],
  }),
  comesWith: (object, context) =>
    propsOf<TriggerProps>(object).inherited ? maker(object, context) : undefined,
  vanishesWith: (object, context) =>
    propsOf<TriggerProps>(object).inherited ? maker(object, context) : undefined,
  renamedWithAnother: (object) => propsOf<TriggerProps>(object).inherited,
  drop: (object) => ({ sql: [`DROP TRIGGER ${quoteIdent(object.name)} ON ${relationOf(object)}`] }),
  rename: (object, newName) => ({
    sql: [
      `ALTER TRIGGER ${quoteIdent(object.name)} ON ${relationOf(object)} RENAME TO ${quoteIdent(newName)}`,
    ],
  }),

  alter: (_before, after, changed, context) =>
    changed.includes('definition') || changed.includes('inherited')
      ? 'replace'
      : {
          sql: [triggerState(after, context)],
          summary: `${STATE_WORDS[propsOf<TriggerProps>(after).enabled]} trigger ${after.name} on ${plainRelationOf(after)}`,
        },
};

interface Above {
  readonly relation: number;
  readonly name: string;
}

/** The trigger that this one is a clone of; both stand in the same list, so it is found by its name. */
function above(
  of: Above | null,
  idAt: Parameters<PostgresKind['read']>[2],
): { readonly info?: { readonly inherits: readonly string[] } } {
  const table = of === null ? undefined : idAt(CATALOG.pg_class, of.relation, 0);
  if (of === null || table === undefined) return {};
  return { info: { inherits: [partId('trigger', table, of.name)] } };
}

/** A clone comes and goes with the trigger above, or with the partition itself. */
function maker(object: SchemaObject, context: RenderContext): string | undefined {
  return followsParent(object, context) ? inheritedFrom(object)[0] : partitionId(object.parent!);
}
