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
  kinds: [...postgresKinds.map(({ name }) => name), 'tablespace'],
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
  frameOfExisting: { before: ['SET check_function_bodies = off'], after: ['RESET check_function_bodies'] },
  frame(steps, to, own) {
    return hasForwardReference(steps, to, own) ||
      hasTriedSetting(steps, to, own) ||
      hasStaleBody(steps, to, own)
      ? { before: ['SET check_function_bodies = off'], after: ['RESET check_function_bodies'] }
      : { before: [], after: [] };
  },
};

/**
 * True when the body of a written function names a table or procedure that is nowhere: PostgreSQL lets a table go that a
 * body in a string needs, and refuses to create such a function again.
 */
function hasStaleBody(steps: readonly Step[], to: Schema, own = steps.length): boolean {
  let known: Set<string> | undefined;
  return steps.slice(0, own).some(({ action, object }) => {
    const body = action === 'drop' ? undefined : stringBody(object, to);
    if (body === undefined || to.objects.get(object)?.props.language !== 'sql') return false;
    known ??= new Set([...to.objects.values()].map(({ name }) => name.replace(/\(.*$/s, '').toLowerCase()));
    return [...body.matchAll(NAMED)].some(([, name]) => !known!.has(name!.toLowerCase()));
  });
}

/** A plain name where only one of a table or procedure can stand, after its schema if that is written. */
const NAMED =
  /\b(?:from|join|into|update|call)\s+(?!select\b|lateral\b|only\b|unnest\b|generate_series\b|pg_|information_schema\b)(?:[a-z_][\w$]*\s*\.\s*)?([a-z_][\w$]*)/gi;

/**
 * True when a function is written with settings of its own, which are tried out when it is created: one may name what
 * is not there, not yet or not any more. A search path may always.
 */
function hasTriedSetting(steps: readonly Step[], to: Schema, own = steps.length): boolean {
  return steps.slice(0, own).some(({ action, object }) => {
    const settings = action === 'drop' ? undefined : to.objects.get(object)?.props.settings;
    return Array.isArray(settings) && settings.some((setting) => !TRIED_IN_VAIN.test(String(setting)));
  });
}

/** Settings whose values name nothing that could be missing. */
const TRIED_IN_VAIN =
  /^(search_path|[a-z_]*timeout|work_mem|maintenance_work_mem|jit|row_security|datestyle|timezone|check_function_bodies|client_min_messages|enable_[a-z]+|plpgsql\.[a-z_]+)=/i;

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
