import { propsOf } from '../../schema/kind.js';
import { routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, quoteLiteral } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { namedDraft, namedObject } from './named-object.js';

interface ConversionProps {
  readonly from: string;
  readonly to: string;
  readonly function: string;
  readonly default: boolean;
}

/** A conversion between encodings. PostgreSQL changes nothing of it in place but its name. */
export const conversionKind: PostgresKind = {
  ...namedObject('conversion'),
  name: 'conversion',
  rank: 61,

  query: () => `
    SELECT ${CATALOG.pg_conversion} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.conname AS name, pg_conversion_is_visible(c.oid) AS visible,
           pg_encoding_to_char(c.conforencoding) AS "from", pg_encoding_to_char(c.contoencoding) AS "to",
           ${routineName('c.conproc')} AS function, c.condefault AS is_default
      FROM pg_conversion c
      JOIN pg_namespace n ON n.oid = c.connamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_conversion', 'c.oid')}`,

  read: (row) =>
    namedDraft('conversion', row, {
      from: row.from as string,
      to: row.to as string,
      function: row.function as string,
      default: row.is_default as boolean,
    }),

  // One schema has one default conversion between two encodings.
  slots: (object) => {
    const { from, to, default: isDefault } = propsOf<ConversionProps>(object);
    return [
      ...namedObject('conversion').slots!(object),
      ...(isDefault ? [`default conversion ${object.schema} ${from} ${to}`] : []),
    ];
  },
  create(object) {
    const props = propsOf<ConversionProps>(object);
    return {
      sql: [
        `CREATE ${props.default ? 'DEFAULT ' : ''}CONVERSION ${nameOf(object)} FOR ${quoteLiteral(props.from)} TO ${quoteLiteral(props.to)} FROM ${props.function}`,
      ],
    };
  },
  alter: () => 'replace',
};
