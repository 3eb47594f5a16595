import { propsOf } from '../../schema/kind.js';
import { partsOf } from '../../schema/lookup.js';
import type { SchemaObject } from '../../schema/object.js';
import type { StepNode } from '../../schema/step-graph.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import { alterColumn } from '../kinds/column-definition.js';
import type { ConstraintProps } from '../kinds/constraint-definition.js';
import type { OnlineContext } from './online-steps.js';
import { typeChangeCost } from './type-cost.js';

/**
 * SET NOT NULL looks at all rows while nobody can read or write them, unless a valid check says already that there are
 * no nulls. So such a check is added for the while. (PostgreSQL 18 has another way, which older ones do not know.)
 * VALIDATE CONSTRAINT, too, keeps to itself.
 */
export function checkInsteadOfScan(node: StepNode, context: OnlineContext): void {
  const { step } = node;
  const object = context.to.objects.get(step.object);
  if (VALIDATED_LATER.has(object?.kind ?? '') && context.stays(object!.parent)) {
    if (step.sql.some((sql) => / VALIDATE CONSTRAINT /.test(sql))) node.step = { ...step, apart: true };
    return;
  }
  if (object?.kind !== 'column' || !context.stays(object.parent)) return;
  const set = step.sql.indexOf(`${alterColumn(object)} SET NOT NULL`);
  const before = context.from.objects.get(object.id);
  // What settles other objects too (a numbering that moves) has to stay in one transaction.
  if (set === -1 || before === undefined || step.touches.length > 1) return;
  // Where every row is written anew, one look more makes no difference.
  if (typeChangeCost(before, object, context) === 'rewrite') return;
  if (isProven(object, context)) return;
  const { from } = context;
  const table = `ALTER TABLE ${relationOf(object)}`;
  const check = quoteIdent(context.temporaryName(object, '_not_null'));
  const sql = [
    `${table} ADD CONSTRAINT ${check} CHECK (${quoteIdent(object.name)} IS NOT NULL) NOT VALID`,
    `${table} VALIDATE CONSTRAINT ${check}`,
    step.sql[set]!,
    `${table} DROP CONSTRAINT ${check}`,
  ];
  const [first, last] = [step.sql.slice(0, set), step.sql.slice(set + 1)];
  const hazards = step.hazards.filter(({ code }) => code === 'set-not-null');
  if (first.length === 0) {
    node.step = { ...step, sql: [...sql, ...last], apart: true };
    return;
  }
  node.step = { ...step, sql: first, hazards: step.hazards.filter((hazard) => !hazards.includes(hazard)) };
  const rest = {
    ...step,
    summary: `Make column ${plainRelationOf(object)}.${object.name} NOT NULL`,
    sql: [...sql, ...last],
    hazards,
    apart: true,
  };
  // A primary key needs the column NOT NULL; views and the like do not.
  context.graph.insertBehind(node, rest, ({ step: later }) => {
    const kind = (context.to.objects.get(later.object) ?? from.objects.get(later.object))?.kind;
    return kind === 'constraint' || kind === 'column';
  });
}

const VALIDATED_LATER = new Set(['constraint', 'domain-constraint', 'not-null-constraint']);

/** True when a valid check that stays says the same. Guessing wrong costs a scan, no more. */
function isProven(column: SchemaObject, { from, stays }: OnlineContext): boolean {
  const wanted = `(${quoteIdent(column.name)} IS NOT NULL)`;
  return partsOf(from, column.parent!).some((object) => {
    if (object.kind !== 'constraint' || !stays(object.id)) return false;
    const { type, validated, enforced, expression } = propsOf<ConstraintProps>(object);
    if (type !== 'check' || !validated || !enforced || expression === null) return false;
    return expression.includes(wanted) && !/ OR |\bCASE\b|\bNOT \(/.test(expression);
  });
}
