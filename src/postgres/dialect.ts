import type { Dialect } from '../schema/dialect.js';
import type { Schema } from '../schema/object.js';
import type { Step } from '../schema/plan.js';
import { extensionForMissing } from './extensions-used.js';
import { quoteIdent } from './identifiers.js';
import { postgresKind } from './kind-registry.js';
import { readSchema } from './read-catalog.js';
import { splitScript } from './split-script.js';

/** What the core asks of an engine, answered by PostgreSQL. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  readSchema,
  kind: postgresKind,
  splitScript,
  missingPrerequisite(error) {
    const extension = extensionForMissing(error);
    return extension === undefined ? undefined : `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(extension)}`;
  },
  // Deparsing changes between major versions only.
  sameReading: (versionNumber, other) => Math.trunc(versionNumber / 10000) === Math.trunc(other / 10000),
  frame(steps, to) {
    return hasForwardReference(steps, to)
      ? { before: ['SET check_function_bodies = off'], after: ['RESET check_function_bodies'] }
      : { before: [], after: [] };
  },
};

/**
 * True when a function whose body is a string is written before something that the body may mention. The
 * server does not know what such a body needs, so neither do we, but it checks the body when it is created.
 */
function hasForwardReference(steps: readonly Step[], to: Schema): boolean {
  const first = steps.findIndex((step) => step.action !== 'drop' && isStringBodied(step.object, to));
  return first !== -1 && steps.slice(first + 1).some((step) => isMentionable(step, to));
}

function isStringBodied(id: string, to: Schema): boolean {
  const object = to.objects.get(id);
  return object?.kind === 'function' && object.props.sqlBody === null;
}

const MENTIONABLE = new Set([
  'table',
  'column',
  'sequence',
  'view',
  'materialized-view',
  'function',
  'enum',
  'domain',
  'composite-type',
  'range-type',
]);

function isMentionable(step: Step, to: Schema): boolean {
  const kind = to.objects.get(step.object)?.kind;
  return step.action !== 'drop' && kind !== undefined && MENTIONABLE.has(kind);
}
