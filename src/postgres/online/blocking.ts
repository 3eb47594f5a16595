import { type Hazard, propsOf } from '../../schema/kind.js';
import { dependentsOf, objectsOfKind, partsOf } from '../../schema/lookup.js';
import type { SchemaObject } from '../../schema/object.js';
import type { StepNode } from '../../schema/step-graph.js';
import { plainName, plainRelationOf } from '../identifiers.js';
import type { ColumnProps } from '../kinds/column-definition.js';
import type { ConstraintProps } from '../kinds/constraint-definition.js';
import { attachHazard } from './attach.js';
import { standsAlone } from './one-by-one.js';
import type { OnlineContext } from './online-steps.js';
import { isBuiltByParts } from './partitioned.js';
import { typeChangeCost } from './type-cost.js';

/** Says what a step holds back for as long as it looks at or writes every row, where there is no other way. */
export function sayWhatBlocks(node: StepNode, context: OnlineContext): void {
  const hazard = attachHazard(node, context) ?? blockingHazard(node, context);
  if (hazard !== undefined) node.step = { ...node.step, hazards: [...node.step.hazards, hazard] };
}

function blockingHazard({ step }: StepNode, context: OnlineContext): Hazard | undefined {
  const object = context.to.objects.get(step.object);
  if (object === undefined || step.action === 'drop') return undefined;
  const before = context.from.objects.get(step.object);
  switch (object.kind) {
    case 'column':
      if (!context.stays(object.parent)) return undefined;
      return step.action === 'alter' && before !== undefined
        ? changedColumn(before, object, context)
        : addedColumn(object, step.touches, context);
    case 'constraint':
      return step.action === 'create' && context.stays(object.parent)
        ? newConstraint(object, context)
        : undefined;
    case 'table':
      return step.action === 'alter' && before !== undefined ? changedTable(before, object) : undefined;
    default:
      return undefined;
  }
}

function rewrite(table: string, subject: string, doing: string): Hazard {
  return {
    code: 'rewrite-table',
    level: 'blocking',
    subject,
    message: `${doing} writes every row of ${table} anew, and nobody can read or write it meanwhile`,
  };
}

function changedColumn(
  before: SchemaObject,
  after: SchemaObject,
  context: OnlineContext,
): Hazard | undefined {
  const [old, next] = [propsOf<ColumnProps>(before), propsOf<ColumnProps>(after)];
  if (old.type === next.type && old.collation === next.collation) return undefined;
  const table = plainRelationOf(after);
  const subject = `${table}.${after.name}`;
  const cost = typeChangeCost(before, after, context);
  const doing = `changing the ${old.type === next.type ? 'collation' : 'type'} of ${subject}`;
  if (cost === 'rewrite') return rewrite(table, subject, doing);
  const users = dependentsOf(context.from, after.id).filter(
    (object) => object.parent === after.parent && context.stays(object.id),
  );
  const rebuilt = users.filter((object) => isRebuilt(object, cost === 'indexes'));
  if (rebuilt.length > 0) {
    return {
      code: 'rebuild-index',
      level: 'blocking',
      subject,
      message: `${doing} builds ${rebuilt.map(({ name }) => name).join(', ')} again, and nobody can read or write ${table} meanwhile`,
    };
  }
  const checks = users.filter(({ kind, props }) => kind === 'constraint' && props.type === 'check');
  return checks.length === 0
    ? undefined
    : {
        code: 'scan-table',
        level: 'blocking',
        subject,
        message: `${doing} looks at every row of ${table} for ${checks.map(({ name }) => name).join(', ')}, and nobody can read or write it meanwhile`,
      };
}

/** An index on the column itself only where values sort another way; one on an expression always. */
function isRebuilt(object: SchemaObject, resorted: boolean): boolean {
  if (object.kind === 'constraint') return resorted && !/check|foreign key/.test(String(object.props.type));
  if (object.kind !== 'index') return false;
  const columns = object.info.columns as readonly (string | null)[];
  return resorted || columns.includes(null);
}

function addedColumn(
  column: SchemaObject,
  touches: readonly string[],
  context: OnlineContext,
): Hazard | undefined {
  const { identity, generated, type } = propsOf<ColumnProps>(column);
  const value = touches
    .map((id) => context.to.objects.get(id))
    .find((part) => part?.kind === 'default' && part.parent === column.id);
  const writes =
    identity !== null ||
    generated?.stored === true ||
    isVolatile(String(value?.props.expression ?? ''), context) ||
    hasChecks(column, type, context);
  const table = plainRelationOf(column);
  return writes
    ? rewrite(table, `${table}.${column.name}`, `adding column ${table}.${column.name}`)
    : undefined;
}

/** A domain whose values are checked makes the server look at every row, and write them. */
function hasChecks(column: SchemaObject, type: string, { to }: OnlineContext): boolean {
  if (type.endsWith('[]')) return false;
  const domains = column.dependsOn.filter((id) => to.objects.get(id)?.kind === 'domain');
  return domains.some(
    (domain) =>
      to.objects.get(domain)?.props.notNull === true ||
      partsOf(to, domain).some(({ kind }) => kind === 'domain-constraint'),
  );
}

/** What gives another value for each row. now() and its like give one for all. */
const VOLATILE =
  /^(nextval|setval|clock_timestamp|timeofday|random|random_normal|gen_random_uuid|uuidv4|uuidv7|uuid_generate_v(1|1mc|4)|gen_random_bytes|gen_salt)$/;

function isVolatile(expression: string, { to }: OnlineContext): boolean {
  const calls = [...expression.matchAll(/("(?:[^"]|"")+"|[A-Za-z_][\w$]*)\(/g)].map(([, name]) =>
    name!.startsWith('"') ? name!.slice(1, -1).replaceAll('""', '"') : name!,
  );
  return calls.some(
    (call) =>
      VOLATILE.test(call) ||
      objectsOfKind(to, 'function').some(
        ({ name, props }) => name.replace(/\(.*$/s, '') === call && props.volatility === 'volatile',
      ),
  );
}

function newConstraint(constraint: SchemaObject, { to }: OnlineContext): Hazard | undefined {
  const byParts = !standsAlone(constraint, to) && isBuiltByParts(constraint, { to });
  const { type, period, validated, enforced } = propsOf<ConstraintProps>(constraint);
  const table = plainRelationOf(constraint);
  if (type === 'foreign key' && validated && enforced && !standsAlone(constraint, to) && !byParts) {
    return {
      code: 'scan-table',
      level: 'blocking',
      subject: `${table}.${constraint.name}`,
      message: `adding foreign key ${constraint.name} looks at every row of ${table}, and nobody can write to it or to what it refers to meanwhile`,
    };
  }
  const builds = type === 'exclusion' || (period && type !== 'foreign key');
  const shared = /unique|primary key/.test(type) && !standsAlone(constraint, to) && !byParts;
  if (!builds && !shared) return undefined;
  return {
    code: 'build-index',
    level: 'blocking',
    subject: `${table}.${constraint.name}`,
    message: `adding ${type === 'exclusion' ? 'exclusion constraint' : type} ${constraint.name} builds its index while nobody can read or write ${table}`,
  };
}

function changedTable(before: SchemaObject, after: SchemaObject): Hazard | undefined {
  const table = plainName(after.schema, after.name);
  if (before.props.unlogged !== after.props.unlogged)
    return rewrite(table, table, `making ${table} ${after.props.unlogged === true ? 'unlogged' : 'logged'}`);
  if (before.props.accessMethod !== after.props.accessMethod)
    return rewrite(table, table, `changing how ${table} is stored`);
  return undefined;
}
