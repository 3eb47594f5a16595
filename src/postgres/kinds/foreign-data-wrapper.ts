import { propsOf } from '../../schema/kind.js';
import { CATALOG, FIRST_USER_OID, isNotExtensionMember } from '../catalog-scope.js';
import { openOptions, optionChanges, optionsClause } from '../foreign-options.js';
import { quoteIdent } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';

interface WrapperProps {
  /** As SQL writes the function's name; null for none. */
  readonly handler: string | null;
  readonly validator: string | null;
  /** `name=value`, sorted, without secrets. */
  readonly options: readonly string[];
}

/** A foreign-data wrapper that no extension brought. */
export const foreignDataWrapperKind: PostgresKind = {
  name: 'foreign-data-wrapper',
  rank: 3,
  label: (object) => `foreign-data wrapper ${object.name}`,
  reference: (object) => `FOREIGN DATA WRAPPER ${quoteIdent(object.name)}`,

  query: () => `
    SELECT ${CATALOG.pg_foreign_data_wrapper} AS classid, w.oid::int8 AS objid, 0 AS objsubid, w.fdwname AS name,
           nullif(w.fdwhandler::regproc::text, '-') AS handler,
           nullif(w.fdwvalidator::regproc::text, '-') AS validator, ${openOptions('w.fdwoptions')} AS options
      FROM pg_foreign_data_wrapper w
     WHERE w.oid >= ${FIRST_USER_OID} AND ${isNotExtensionMember('pg_foreign_data_wrapper', 'w.oid')}`,

  read: (row) => ({
    kind: 'foreign-data-wrapper',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: {
      handler: row.handler as string | null,
      validator: row.validator as string | null,
      options: row.options as string[],
    },
  }),

  create(object) {
    const { handler, validator, options } = propsOf<WrapperProps>(object);
    const functions = [
      ...(handler === null ? [] : [` HANDLER ${handler}`]),
      ...(validator === null ? [] : [` VALIDATOR ${validator}`]),
    ];
    return {
      sql: [
        `CREATE FOREIGN DATA WRAPPER ${quoteIdent(object.name)}${functions.join('')}${optionsClause(options)}`,
      ],
    };
  },
  drop: (object) => ({ sql: [`DROP FOREIGN DATA WRAPPER ${quoteIdent(object.name)}`] }),
  rename: (object, newName) => ({
    sql: [`ALTER FOREIGN DATA WRAPPER ${quoteIdent(object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),

  alter(before, after, changed) {
    const old = propsOf<WrapperProps>(before);
    const { handler, validator, options } = propsOf<WrapperProps>(after);
    const change = (word: 'HANDLER' | 'VALIDATOR', name: string | null): string =>
      name === null ? `NO ${word}` : `${word} ${name}`;
    const clauses = [
      ...(changed.includes('handler') ? [change('HANDLER', handler)] : []),
      ...(changed.includes('validator') ? [change('VALIDATOR', validator)] : []),
      ...optionChanges(old.options, options),
    ];
    return {
      sql: [`ALTER FOREIGN DATA WRAPPER ${quoteIdent(after.name)} ${clauses.join(' ')}`],
      summary: aboutOne(
        `foreign-data wrapper ${after.name}`,
        changed.map((property) => (wrapper) => `change the ${property} of ${wrapper}`),
      ),
    };
  },
};
