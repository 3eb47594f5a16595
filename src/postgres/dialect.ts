import type { Dialect } from '../schema/dialect.js';
import { makeSchema, type Schema } from '../schema/object.js';
import type { Step } from '../schema/plan.js';
import { asOnVersion } from './as-on-version.js';
import { completeFacts } from './complete-facts.js';
import { extensionForMissing, extensionsPinned } from './extensions-used.js';
import { quoteIdent } from './identifiers.js';
import { postgresKind } from './kind-registry.js';
import { postgresKinds } from './kinds/index.js';
import { missingRole } from './missing-role.js';
import { onlineSteps } from './online/online-steps.js';
import { readSchema } from './read-catalog.js';
import { postgresSections } from './schema-sections.js';
import { splitScript } from './split-script.js';
import { readUsualOwners, withoutOwnersOf } from './usual-owners.js';

/** What the core asks of an engine, answered by PostgreSQL. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  readSchema,
  newDatabase: (engineVersion) =>
    makeSchema('postgres', engineVersion, [
      {
        id: 'schema:public',
        kind: 'schema',
        name: 'public',
        schema: null,
        parent: null,
        props: {},
        info: {},
        dependsOn: [],
      },
    ]),
  kinds: [...postgresKinds.map(({ name }) => name), 'security-label', 'tablespace'],
  kind: postgresKind,
  splitScript,
  missingPrerequisite(error) {
    const role = missingRole(error);
    if (role !== undefined) return { type: 'role', name: role };
    const extension = extensionForMissing(error);
    return extension === undefined
      ? undefined
      : { type: 'statement', sql: `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(extension)}` };
  },
  withScripts(schema, scripts) {
    const pinned = extensionsPinned(scripts);
    if (pinned.size === 0) return schema;
    const objects = [...schema.objects.values()].map((object) => {
      const version = object.kind === 'extension' ? pinned.get(object.name) : undefined;
      return version === undefined ? object : { ...object, info: { ...object.info, pinned: version } };
    });
    return makeSchema(schema.engine, schema.engineVersion, objects, schema.unmanaged, schema.leftAlone);
  },
  usualOwners: readUsualOwners,
  withoutOwnersOf,
  asOnVersion,
  complete: completeFacts,
  remarks: (from, to) =>
    [...to.objects.values()].flatMap(({ id, kind, name, info }) => {
      const there = kind === 'extension' ? from.objects.get(id)?.info.version : undefined;
      if (there === undefined || typeof info.pinned !== 'string' || info.pinned === there) return [];
      return [
        `extension ${name} is at version ${String(there)} and the SQL asks for ${info.pinned}: no plan changes that, so run ALTER EXTENSION ${quoteIdent(name)} UPDATE TO '${info.pinned.replaceAll("'", "''")}' where it has a way there`,
      ];
    }),
  sections: postgresSections,
  online: onlineSteps,
  // Deparsing changes between major versions only.
  sameReading: (versionNumber, other) => Math.trunc(versionNumber / 10000) === Math.trunc(other / 10000),
  frame(steps, to, own) {
    return hasForwardReference(steps, to, own)
      ? { before: ['SET check_function_bodies = off'], after: ['RESET check_function_bodies'] }
      : { before: [], after: [] };
  },
};

/**
 * True when a function whose body is a string is written before something whose name stands in the body. The
 * server does not know what such a body needs, so neither do we, but it checks the body when it is created.
 */
function hasForwardReference(steps: readonly Step[], to: Schema, own = steps.length): boolean {
  const names = new Set<string>();
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!;
    if (step.action === 'drop') continue;
    const body = index < own ? stringBody(step.object, to) : undefined;
    if (body !== undefined && [...names].some((name) => body.includes(name))) return true;
    if (isMentionable(step, to)) names.add(to.objects.get(step.object)!.name.replace(/\(.*$/s, ''));
  }
  return false;
}

function stringBody(id: string, to: Schema): string | undefined {
  const object = to.objects.get(id);
  const body = object?.kind === 'function' && object.props.sqlBody === null ? object.props.body : undefined;
  return typeof body === 'string' ? body : undefined;
}

const MENTIONABLE = new Set([
  'table',
  'column',
  'sequence',
  'view',
  'materialized-view',
  'function',
  'aggregate',
  'operator',
  'text-search-configuration',
  'base-type',
  'enum',
  'domain',
  'composite-type',
  'range-type',
]);

function isMentionable(step: Step, to: Schema): boolean {
  const kind = to.objects.get(step.object)?.kind;
  return kind !== undefined && MENTIONABLE.has(kind);
}
