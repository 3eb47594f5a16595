import { propsOf } from '../../schema/kind.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf } from '../identifiers.js';
import { tokens } from '../lexer.js';
import type { PostgresKind } from '../postgres-kind.js';
import { namedDraft, namedObject, optionList } from './named-object.js';

interface DictionaryProps {
  readonly template: string;
  /** By name, as SQL writes name and value: `stopwords`, `'english'`. */
  readonly options: Readonly<Record<string, string>>;
}

/** A text search dictionary. Its options change in place, its template does not. */
export const textSearchDictionaryKind: PostgresKind = {
  ...namedObject('text search dictionary'),
  name: 'text-search-dictionary',
  rank: 22,

  query: () => `
    SELECT ${CATALOG.pg_ts_dict} AS classid, d.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, d.dictname AS name, pg_ts_dict_is_visible(d.oid) AS visible, d.dictinitoption AS options,
           CASE WHEN pg_ts_template_is_visible(t.oid) THEN '' ELSE quote_ident(s.nspname) || '.' END
             || quote_ident(t.tmplname) AS template
      FROM pg_ts_dict d
      JOIN pg_namespace n ON n.oid = d.dictnamespace
      JOIN pg_ts_template t ON t.oid = d.dicttemplate
      JOIN pg_namespace s ON s.oid = t.tmplnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_ts_dict', 'd.oid')}`,

  read: (row) =>
    namedDraft('text-search-dictionary', row, {
      template: row.template as string,
      options: readOptions((row.options as string | null) ?? ''),
    }),

  create(object) {
    const { template, options } = propsOf<DictionaryProps>(object);
    return {
      sql: [
        `CREATE TEXT SEARCH DICTIONARY ${nameOf(object)} ${optionList({ TEMPLATE: template, ...options })}`,
      ],
    };
  },

  alter(before, after, changed) {
    if (changed.includes('template')) return 'replace';
    const old = propsOf<DictionaryProps>(before).options;
    const next = propsOf<DictionaryProps>(after).options;
    // An option without a value is taken out.
    const gone = Object.keys(old).filter((name) => !(name in next));
    const set = Object.entries(next).filter(([name, value]) => old[name] !== value);
    return {
      sql: [
        `ALTER TEXT SEARCH DICTIONARY ${nameOf(after)} ${optionList(
          Object.fromEntries([...gone.map((name): [string, true] => [name, true]), ...set]),
        )}`,
      ],
    };
  },
};

/** `language = 'english', stopwords = 'x'` as the server keeps them, in no order. */
function readOptions(text: string): Record<string, string> {
  const all = [...tokens(text)].map(({ start, end }) => text.slice(start, end));
  const options: [string, string][] = [];
  for (let at = 0; at < all.length; ) {
    const comma = all.indexOf(',', at);
    const end = comma === -1 ? all.length : comma;
    options.push([all[at]!, all.slice(at + 2, end).join('')]);
    at = end + 1;
  }
  return Object.fromEntries(options.sort(([a], [b]) => (a < b ? -1 : 1)));
}
