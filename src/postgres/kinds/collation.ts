import { propsOf } from '../../schema/kind.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, quoteLiteral } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { swapType } from '../swap-type.js';
import { namedDraft, namedObject, optionList } from './named-object.js';

interface CollationProps {
  readonly provider: 'libc' | 'icu' | 'builtin';
  /** Null where the two that follow differ, which only libc knows. */
  readonly locale: string | null;
  readonly collate: string | null;
  readonly ctype: string | null;
  readonly deterministic: boolean;
  readonly rules: string | null;
}

const PROVIDERS: Readonly<Record<string, CollationProps['provider']>> = { c: 'libc', i: 'icu', b: 'builtin' };

/**
 * A collation. Its version says which library the host has and is never a difference. PostgreSQL alters nothing of it
 * but its name, so another definition is made beside it and the columns go over.
 */
export const collationKind: PostgresKind = {
  ...namedObject('collation'),
  name: 'collation',
  rank: 6,

  query: (version) => `
    SELECT ${CATALOG.pg_collation} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, c.collname AS name, pg_collation_is_visible(c.oid) AS visible,
           c.collprovider AS provider, c.collcollate AS collate, c.collctype AS ctype,
           ${localeColumn(version)} AS locale, ${version >= 160000 ? 'c.collicurules' : 'NULL'} AS rules,
           c.collisdeterministic AS deterministic
      FROM pg_collation c
      JOIN pg_namespace n ON n.oid = c.collnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_collation', 'c.oid')}
       AND c.collencoding IN (-1, (SELECT d.encoding FROM pg_database d WHERE d.datname = current_database()))`,

  read(row) {
    const locale = row.locale as string | null;
    const { collate, ctype } = row as Partial<Record<string, string>>;
    const same = locale ?? (collate === ctype ? collate : undefined) ?? null;
    return namedDraft('collation', row, {
      provider: PROVIDERS[row.provider as string]!,
      locale: same,
      collate: same === null ? (collate ?? null) : null,
      ctype: same === null ? (ctype ?? null) : null,
      deterministic: row.deterministic as boolean,
      rules: row.rules as string | null,
    });
  },

  create(object) {
    const { provider, locale, collate, ctype, deterministic, rules } = propsOf<CollationProps>(object);
    const text = (value: string | null): string | null => (value === null ? null : quoteLiteral(value));
    return {
      sql: [
        `CREATE COLLATION ${nameOf(object)} ${optionList({
          PROVIDER: provider,
          LOCALE: text(locale),
          LC_COLLATE: text(collate),
          LC_CTYPE: text(ctype),
          DETERMINISTIC: deterministic ? null : 'false',
          RULES: text(rules),
        })}`,
      ],
    };
  },
  alter: (before, after, _changed, context) => swapType(before, after, context),
};

/** Where providers other than libc keep their locale; before 15 in the libc columns, both the same. */
function localeColumn(version: number): string {
  if (version >= 170000) return 'c.colllocale';
  return version >= 150000 ? 'c.colliculocale' : 'NULL';
}
