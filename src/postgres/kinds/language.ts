import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { routineName } from '../catalog-names.js';
import { CATALOG, FIRST_USER_OID, isNotExtensionMember } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface LanguageProps {
  readonly trusted: boolean;
  readonly handler: string;
  readonly inline: string | null;
  readonly validator: string | null;
}

/** A language for functions that no extension brought. CREATE OR REPLACE changes all there is to it. */
export const languageKind: PostgresKind = {
  name: 'language',
  rank: 5,
  label: (object) => `language ${object.name}`,
  reference,
  slots: (object) => [`language ${object.name}`],

  query: () => `
    SELECT ${CATALOG.pg_language} AS classid, l.oid::int8 AS objid, 0 AS objsubid, l.lanname AS name,
           l.lanpltrusted AS trusted, ${routineName('l.lanplcallfoid')} AS handler,
           ${routineName('l.laninline')} AS inline, ${routineName('l.lanvalidator')} AS validator
      FROM pg_language l
     WHERE l.oid >= ${FIRST_USER_OID} AND l.lanispl AND ${isNotExtensionMember('pg_language', 'l.oid')}`,

  read: (row) => ({
    kind: 'language',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: {
      trusted: row.trusted as boolean,
      handler: row.handler as string,
      inline: row.inline as string | null,
      validator: row.validator as string | null,
    },
  }),

  create: (object) => ({ sql: [createSql(object, 'CREATE')] }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${reference(object)} RENAME TO ${quoteIdent(newName)}`] }),
  alter: (_before, after) => ({ sql: [createSql(after, 'CREATE OR REPLACE')] }),
};

function reference(object: SchemaObject): string {
  return `LANGUAGE ${quoteIdent(object.name)}`;
}

function createSql(object: SchemaObject, verb: string): string {
  const { trusted, handler, inline, validator } = propsOf<LanguageProps>(object);
  return [
    `${verb}${trusted ? ' TRUSTED' : ''} LANGUAGE ${quoteIdent(object.name)} HANDLER ${handler}`,
    ...(inline === null ? [] : [`INLINE ${inline}`]),
    ...(validator === null ? [] : [`VALIDATOR ${validator}`]),
  ].join(' ');
}
