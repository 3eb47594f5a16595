import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { withoutDefaultSchema } from '../default-schema-left-out.js';
import { ENABLING, type FiringState, STATE_WORDS, STATES } from '../firing-state.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import { changesOverload } from '../overloads.js';
import type { PostgresKind } from '../postgres-kind.js';

interface RuleProps {
  /** `CREATE RULE … DO …`, without a semicolon at the end. */
  readonly definition: string;
  readonly enabled: FiringState;
}

/** A rewrite rule of a table or view, besides the one that makes a view a view. OR REPLACE can change all of it. */
export const ruleKind: PostgresKind = {
  name: 'rule',
  rank: 69,
  label: (object) => `rule ${object.name} on ${plainRelationOf(object)}`,
  reference: ruleOn,
  droppedWithParent: () => true,
  cutOrder: () => 0,
  blocksColumnTypeChange: true,

  query: () => `
    SELECT ${CATALOG.pg_rewrite} AS classid, r.oid::int8 AS objid, 0 AS objsubid, r.ev_class::int8 AS relation,
           r.rulename AS name, pg_get_ruledef(r.oid) AS definition, r.ev_enabled AS enabled
      FROM pg_rewrite r
     WHERE r.rulename <> '_RETURN' AND r.ev_class >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.relation as number, 0);
    if (parent === undefined) return undefined;
    const [schema, relation] = objectPath(parent) as [string, string];
    return {
      kind: 'rule',
      path: [schema, relation, row.name as string],
      name: row.name as string,
      schema,
      parent,
      props: {
        definition: canonicalExpression(
          withoutDefaultSchema((row.definition as string).trim().replace(/;$/, ''), 'TO'),
        ),
        enabled: STATES[row.enabled as string]!,
      },
    };
  },

  create(object) {
    const { definition, enabled } = propsOf<RuleProps>(object);
    return { sql: [definition, ...(enabled === 'origin' ? [] : [setState(object)])] };
  },
  drop: (object) => ({ sql: [`DROP ${ruleOn(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${ruleOn(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter(before, after, changed) {
    if (changesOverload(before, after)) return 'replace';
    const { definition, enabled } = propsOf<RuleProps>(after);
    const label = `rule ${after.name} on ${plainRelationOf(after)}`;
    const redefined = changed.includes('definition');
    return {
      sql: [
        ...(redefined ? [definition.replace(/^CREATE RULE/, 'CREATE OR REPLACE RULE')] : []),
        ...(changed.includes('enabled') ? [setState(after)] : []),
      ],
      summary: redefined ? `Change ${label}` : `${STATE_WORDS[enabled]} ${label}`,
    };
  },
};

function ruleOn(rule: SchemaObject): string {
  return `RULE ${quoteIdent(rule.name)} ON ${relationOf(rule)}`;
}

function setState(rule: SchemaObject): string {
  const { enabled } = propsOf<RuleProps>(rule);
  return `ALTER TABLE ${relationOf(rule)} ${ENABLING[enabled]} RULE ${quoteIdent(rule.name)}`;
}
