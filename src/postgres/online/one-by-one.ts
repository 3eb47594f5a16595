import { propsOf } from '../../schema/kind.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import type { StepNode } from '../../schema/step-graph.js';
import { qualified, quoteIdent, relationOf } from '../identifiers.js';
import { namedAnew } from '../kinds/adopted-foreign-key.js';
import {
  type ConstraintProps,
  constraintDefinition,
  uniqueIndexFirst,
} from '../kinds/constraint-definition.js';
import { createIndexSql } from '../kinds/table-index.js';
import type { OnlineContext } from './online-steps.js';
import { buildByParts, isPartitioned } from './partitioned.js';

/** How something comes to be beside what is in use, and how it is got ready for its name. */
export interface Beside {
  /** Builds it under `name` and looks at the rows; others go on reading and writing. */
  readonly build: readonly string[];
  /** False when the server refuses one of these in a transaction. */
  readonly transactional: boolean;
  /** What gives it its own name where that is not `name`, or makes of it what it is to be; brief locks only. */
  readonly finish: readonly string[];
}

/** The way to build an object without keeping others waiting; undefined where there is none, or none is needed. */
export function waysBeside(object: SchemaObject, name: string, schema: Schema): Beside | undefined {
  if (!standsAlone(object, schema)) return undefined;
  if (object.kind === 'index') {
    return {
      build: [createIndexSql(object, { concurrently: true, name })],
      transactional: false,
      finish: name === object.name ? [] : [renameIndex(object.schema, name, object.name)],
    };
  }
  if (object.kind !== 'constraint') return undefined;
  const props = propsOf<ConstraintProps>(object);
  const table = `ALTER TABLE ${relationOf(object)}`;
  switch (props.type) {
    case 'unique':
    case 'primary key': {
      // No index can be told to keep ranges apart before it is the constraint's.
      if (props.period) return undefined;
      const { build, attach } = uniqueIndexFirst(object, name);
      return { build: [build], transactional: false, finish: [attach] };
    }
    case 'check':
    case 'foreign key': {
      if (!props.validated || !props.enforced) return undefined;
      const unproven = { ...object, name, props: { ...object.props, validated: false } };
      return {
        build: [
          `${table} ADD ${constraintDefinition(unproven)}`,
          `${table} VALIDATE CONSTRAINT ${quoteIdent(name)}`,
        ],
        transactional: true,
        finish:
          name === object.name
            ? []
            : [`${table} RENAME CONSTRAINT ${quoteIdent(name)} TO ${quoteIdent(object.name)}`],
      };
    }
    case 'exclusion':
      return undefined;
  }
}

/** False for what a partitioned table and its partitions share; a check is one that each table looks at by itself. */
export function standsAlone(object: SchemaObject, schema: Schema): boolean {
  if ((object.props.attachedTo ?? null) !== null) return false;
  return !isPartitioned(object.parent, schema) || object.props.type === 'check';
}

/** Something new on a table in use is built beside what goes on there. */
export function buildBeside(node: StepNode, context: OnlineContext): void {
  const { to, stays } = context;
  const object = to.objects.get(node.step.object);
  if (object === undefined || !stays(object.parent) || namedAnew(object, context)) return;
  if (object.kind === 'domain-constraint') {
    node.step = { ...node.step, ...provenLater(object, node.step.sql) };
    return;
  }
  const beside = waysBeside(object, object.name, to);
  if (beside === undefined) {
    buildByParts(node, object, context);
    return;
  }
  // Behind the first statement stand comments and the like.
  const [, ...rest] = node.step.sql;
  node.step = {
    ...node.step,
    sql: [...beside.build, ...beside.finish, ...rest],
    transactional: beside.transactional,
    apart: true,
  };
}

/** A new check of a domain holds from now on; whether the values that are there obey it is looked up afterwards. */
function provenLater(check: SchemaObject, [add, ...rest]: readonly string[]): Partial<StepNode['step']> {
  if (check.props.validated !== true) return {};
  const validate = `ALTER DOMAIN ${relationOf(check)} VALIDATE CONSTRAINT ${quoteIdent(check.name)}`;
  return { sql: [`${add} NOT VALID`, validate, ...rest], apart: true };
}

/** An index goes without keeping readers and writers of its table waiting. */
export function dropBeside(node: StepNode, { from, stays }: OnlineContext): void {
  const object = from.objects.get(node.step.object);
  if (object?.kind !== 'index' || !stays(object.parent) || !standsAlone(object, from)) return;
  node.step = {
    ...node.step,
    sql: [dropIndex(object.schema, object.name)],
    transactional: false,
    apart: true,
  };
}

export function dropIndex(schema: string | null, name: string): string {
  return `DROP INDEX CONCURRENTLY ${qualified(schema, name)}`;
}

export function renameIndex(schema: string | null, name: string, newName: string): string {
  return `ALTER INDEX ${qualified(schema, name)} RENAME TO ${quoteIdent(newName)}`;
}
