import { type Hazard, propsOf } from '../../schema/kind.js';
import type { Properties, SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';

/** An option that ALTER SUBSCRIPTION can set without a connection to the publisher. */
interface Setting {
  readonly property: string;
  readonly option: string;
  /** SQL that gives its value as a text, and the version from which it does. */
  readonly value: string;
  readonly since: number;
  readonly standard: (version: number) => string;
}

const SETTINGS: readonly Setting[] = [
  setting('binary', 'binary', 's.subbinary', 140000),
  // On and off before 16; since 18, off has to be asked for.
  setting(
    'streaming',
    'streaming',
    `CASE s.substream::text WHEN 't' THEN 'on' WHEN 'true' THEN 'on' WHEN 'p' THEN 'parallel' ELSE 'off' END`,
    140000,
    (version) => (version >= 180000 ? 'parallel' : 'off'),
  ),
  setting('synchronousCommit', 'synchronous_commit', 's.subsynccommit', 140000, () => 'off'),
  setting('disableOnError', 'disable_on_error', 's.subdisableonerr', 150000),
  setting('passwordRequired', 'password_required', 's.subpasswordrequired', 160000, () => 'true'),
  setting('runAsOwner', 'run_as_owner', 's.subrunasowner', 160000),
  setting('origin', 'origin', 's.suborigin', 160000, () => 'any'),
];

function setting(
  property: string,
  option: string,
  value: string,
  since: number,
  standard: Setting['standard'] = () => 'false',
): Setting {
  return { property, option, value, since, standard };
}

interface SubscriptionProps extends Properties {
  /** Sorted. */
  readonly publications: readonly string[];
  /** Null for none. */
  readonly slot: string | null;
}

/**
 * A subscription: its publications, its slot's name and its options. The connection string is a secret and is never
 * read; whether it is enabled is not a matter of schema. It is made without a connection and disabled, and
 * dropped without a word to the publisher. What only the publisher could help to change (two_phase, failover) is
 * written when one is made and not compared.
 */
export const subscriptionKind: PostgresKind = {
  name: 'subscription',
  rank: 98,
  label: (object) => `subscription ${object.name}`,
  reference: (object) => `SUBSCRIPTION ${quoteIdent(object.name)}`,

  // Everybody may read this much; of version 13, not even the OID.
  query: (version) => `
    SELECT ${CATALOG.pg_subscription} AS classid, 0 AS objsubid,
           ${version >= 140000 ? 's.oid' : `(pg_get_object_address('subscription', ARRAY[s.subname::text], '{}')).objid`}::int8 AS objid,
           s.subname AS name, s.subslotname AS slot,
           ARRAY(SELECT p FROM unnest(s.subpublications) p ORDER BY p COLLATE "C") AS publications,
           json_build_object(${settingsOf(version)
             .map(({ property, value }) => `'${property}', (${value})::text`)
             .join(', ')}) AS settings,
           ${version >= 150000 ? `s.subtwophasestate <> 'd'` : 'false'} AS two_phase,
           ${version >= 170000 ? 's.subfailover' : 'false'} AS failover
      FROM pg_subscription s
     WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())`,

  read(row, version) {
    const found = row.settings as Readonly<Record<string, string>>;
    const settings = SETTINGS.map(({ property, standard }): [string, string | null] => {
      const value = found[property] ?? null;
      return [property, value === standard(version) ? null : value];
    });
    return {
      kind: 'subscription',
      path: [row.name as string],
      name: row.name as string,
      schema: null,
      parent: null,
      // Null where it is the version's own default.
      props: {
        publications: row.publications as string[],
        slot: row.slot as string | null,
        ...Object.fromEntries(settings),
      },
      info: {
        ...(row.two_phase === true ? { twoPhase: true } : {}),
        ...(row.failover === true ? { failover: true } : {}),
      },
    };
  },

  create(object, { to }) {
    const { publications, slot } = propsOf<SubscriptionProps>(object);
    const options = [
      'connect = false',
      ...(slot === object.name ? [] : [slotOption(slot)]),
      ...SETTINGS.filter(({ property }) => object.props[property] !== null).map((one) =>
        settingOption(one, object, to.engineVersion),
      ),
      ...(object.info.twoPhase === true ? ['two_phase = true'] : []),
      ...(object.info.failover === true ? ['failover = true'] : []),
    ];
    return {
      sql: [
        `CREATE SUBSCRIPTION ${quoteIdent(object.name)} CONNECTION '' PUBLICATION ${list(publications)} WITH (${options.join(', ')})`,
      ],
      hazards: [
        hazard(
          object,
          'subscription-not-connected',
          'note',
          `subscription ${object.name} is made without its connection string, which is a secret, and disabled: run ALTER SUBSCRIPTION ${quoteIdent(object.name)} CONNECTION '…', then ENABLE it and REFRESH PUBLICATION`,
        ),
      ],
    };
  },

  // Without its slot's name it goes without a connection to the publisher.
  drop: (object) => ({
    sql: [
      `ALTER SUBSCRIPTION ${quoteIdent(object.name)} DISABLE`,
      ...(propsOf<SubscriptionProps>(object).slot === null
        ? []
        : [`ALTER SUBSCRIPTION ${quoteIdent(object.name)} SET (${slotOption(null)})`]),
      `DROP SUBSCRIPTION ${quoteIdent(object.name)}`,
    ],
    hazards: [
      hazard(
        object,
        'drop-subscription',
        'data-loss',
        `subscription ${object.name} goes with its connection string and its place in the stream; its slot stays on the publisher and has to be dropped there`,
      ),
    ],
  }),
  rename: (object, newName) => ({
    sql: [`ALTER SUBSCRIPTION ${quoteIdent(object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),

  alter(_before, after, changed, { to }) {
    const { publications, slot } = propsOf<SubscriptionProps>(after);
    const alter = `ALTER SUBSCRIPTION ${quoteIdent(after.name)}`;
    const options = [
      ...(changed.includes('slot') ? [slotOption(slot)] : []),
      ...SETTINGS.filter(({ property }) => changed.includes(property)).map((one) =>
        settingOption(one, after, to.engineVersion),
      ),
    ];
    const republished = changed.includes('publications');
    return {
      sql: [
        ...(republished ? [`${alter} SET PUBLICATION ${list(publications)} WITH (refresh = false)`] : []),
        // A slot can be let go of only while nothing is received.
        ...(changed.includes('slot') && slot === null ? [`${alter} DISABLE`] : []),
        ...(options.length > 0 ? [`${alter} SET (${options.join(', ')})`] : []),
      ],
      summary: aboutOne(`subscription ${after.name}`, [
        ...(republished ? [(subscription: string) => `change the publications of ${subscription}`] : []),
        ...(options.length > 0 ? [(subscription: string) => `change the options of ${subscription}`] : []),
      ]),
      hazards: republished
        ? [
            hazard(
              after,
              'subscription-not-refreshed',
              'note',
              `tables that come or go with these publications wait for ALTER SUBSCRIPTION ${quoteIdent(after.name)} REFRESH PUBLICATION`,
            ),
          ]
        : [],
    };
  },
};

function settingsOf(version: number): Setting[] {
  return SETTINGS.filter(({ since }) => version >= since);
}

function settingOption(
  { property, option, standard }: Setting,
  { props }: SchemaObject,
  version: number,
): string {
  return `${option} = ${String(props[property] ?? standard(version))}`;
}

function slotOption(slot: string | null): string {
  return `slot_name = ${slot === null ? 'NONE' : quoteIdent(slot)}`;
}

function list(publications: readonly string[]): string {
  return publications.map(quoteIdent).join(', ');
}

function hazard({ name }: SchemaObject, code: string, level: Hazard['level'], message: string): Hazard {
  return { code, level, subject: name, message };
}
