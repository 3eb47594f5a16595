import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID, isNotExtensionMember } from '../catalog-scope.js';
import { ENABLING, type FiringState, STATE_WORDS, STATES } from '../firing-state.js';
import { quoteIdent, quoteLiteral } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface EventTriggerProps {
  /** `ddl_command_start`, `ddl_command_end`, `sql_drop`, `table_rewrite`, since PostgreSQL 17 `login`. */
  readonly event: string;
  /** The command tags it fires for, sorted; empty for all. */
  readonly tags: readonly string[];
  /** The function's name as SQL writes it. */
  readonly function: string;
  readonly enabled: FiringState;
}

/**
 * An event trigger, of the whole database. One that comes does so after everything else and one that goes does
 * so before, so that no plan fires what it makes or takes away.
 */
export const eventTriggerKind: PostgresKind = {
  name: 'event-trigger',
  rank: 100,
  outermost: true,
  label: (object) => `event trigger ${object.name}`,
  reference: eventTrigger,

  query: () => `
    SELECT ${CATALOG.pg_event_trigger} AS classid, o.oid::int8 AS objid, 0 AS objsubid, o.evtname AS name,
           o.evtevent AS event, o.evttags AS tags, o.evtfoid::regproc::text AS function, o.evtenabled AS enabled
      FROM pg_event_trigger o
     WHERE o.oid >= ${FIRST_USER_OID} AND ${isNotExtensionMember('pg_event_trigger', 'o.oid')}`,

  read: (row) => ({
    kind: 'event-trigger',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: {
      event: row.event as string,
      tags: ((row.tags ?? []) as string[]).sort(),
      function: row.function as string,
      enabled: STATES[row.enabled as string]!,
    },
  }),

  create(object) {
    const { event, tags, function: called, enabled } = propsOf<EventTriggerProps>(object);
    const when = tags.length === 0 ? '' : ` WHEN TAG IN (${tags.map(quoteLiteral).join(', ')})`;
    return {
      sql: [
        `CREATE ${eventTrigger(object)} ON ${event}${when} EXECUTE FUNCTION ${called}()`,
        ...(enabled === 'origin' ? [] : [setState(object)]),
      ],
    };
  },
  drop: (object) => ({ sql: [`DROP ${eventTrigger(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${eventTrigger(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter(_before, after, changed) {
    if (changed.some((name) => name !== 'enabled')) return 'replace';
    const { enabled } = propsOf<EventTriggerProps>(after);
    return { sql: [setState(after)], summary: `${STATE_WORDS[enabled]} event trigger ${after.name}` };
  },
};

function eventTrigger(object: SchemaObject): string {
  return `EVENT TRIGGER ${quoteIdent(object.name)}`;
}

function setState(object: SchemaObject): string {
  return `ALTER ${eventTrigger(object)} ${ENABLING[propsOf<EventTriggerProps>(object).enabled]}`;
}
