import type { DatabaseError } from '../database/connection.js';
import { type Token, tokens } from './lexer.js';

/**
 * The names in the CREATE EXTENSION statements of a script, each once, in order. Meant to be cheap: text
 * without the word is not looked at any closer. Statements inside function bodies and DO blocks do not count.
 */
export function extensionsCreated(sql: string): string[] {
  if (!/\bextension\b/i.test(sql)) return [];
  const code = [...tokens(sql)].filter((token) => token.kind !== 'comment');
  const word = (token: Token | undefined): string =>
    token?.kind === 'word' ? sql.slice(token.start, token.end).toLowerCase() : '';
  const names = new Set<string>();
  for (let at = 0; at + 2 < code.length; at += 1) {
    if (word(code[at]) !== 'create' || word(code[at + 1]) !== 'extension') continue;
    let named = at + 2;
    const guarded = ['if', 'not', 'exists'].every((expected, i) => word(code[named + i]) === expected);
    if (guarded) named += 3;
    const token = code[named];
    if (token?.kind === 'word') names.add(word(token));
    if (token?.kind === 'identifier') {
      names.add(sql.slice(token.start + 1, token.end - 1).replaceAll('""', '"'));
    }
  }
  return [...names];
}

/**
 * The versions that scripts, in their order, leave pinned: by `CREATE EXTENSION … VERSION` and `ALTER EXTENSION …
 * UPDATE TO`. The catalog has a version for every extension and does not say whether anybody asked for it.
 */
export function extensionsPinned(scripts: readonly string[]): Map<string, string> {
  const pinned = new Map<string, string>();
  for (const sql of scripts) {
    if (!/\bextension\b/i.test(sql)) continue;
    for (const words of statementsOf(sql)) {
      const text = words.map(({ folded }) => folded).join(' ');
      const head =
        /^(?:create extension (?:if not exists )?|alter extension |drop extension (?:if exists )?)/.exec(
          text,
        );
      if (head === null) continue;
      const at = head[0].trimEnd().split(' ').length;
      const name = words[at]?.name;
      if (name === undefined) continue;
      const asks = words.findIndex(
        ({ folded }, place) =>
          folded === 'version' || (folded === 'to' && words[place - 1]?.folded === 'update'),
      );
      const version = asks <= at ? undefined : words[asks + 1]?.name;
      if (version !== undefined) pinned.set(name, version);
      else if (!text.startsWith('alter')) pinned.delete(name);
    }
  }
  return pinned;
}

interface Word {
  /** A bare word in lower case; empty for anything else. */
  readonly folded: string;
  /** What it names, quoted or not. */
  readonly name: string | undefined;
}

function statementsOf(sql: string): Word[][] {
  const statements: Word[][] = [[]];
  for (const { kind, start, end } of tokens(sql)) {
    const text = sql.slice(start, end);
    if (text === ';') statements.push([]);
    else if (kind === 'word')
      statements.at(-1)!.push({ folded: text.toLowerCase(), name: text.toLowerCase() });
    else if (kind === 'identifier' || (kind === 'string' && text.startsWith("'"))) {
      const quote = text[0]!;
      const name = text.slice(1, -1).replaceAll(quote + quote, quote);
      statements.at(-1)!.push({ folded: '', name });
    } else if (kind !== 'comment') statements.at(-1)!.push({ folded: '', name: undefined });
  }
  return statements;
}

/** SQLSTATE undefined_object (types, operator classes, access methods, collations) and undefined_function. */
const UNDEFINED = new Set(['42704', '42883']);

/** What each extension is recognised by: the name in the server's message, whole, without schema and arguments. */
const PROVIDERS: readonly (readonly [extension: string, names: RegExp])[] = [
  [
    'vector',
    /^(?:vector|halfvec|sparsevec|hnsw|ivfflat|(?:vector|halfvec|sparsevec|bit)_(?:l1|l2|ip|cosine|hamming|jaccard)_ops|(?:l1|l2|inner|cosine|hamming|jaccard)_(?:distance|product)|l2_norm(?:alize)?|vector_dims|binary_quantize)$/,
  ],
  [
    'pg_trgm',
    /^(?:(?:gin|gist)_trgm_ops|gtrgm|(?:strict_)?word_similarity|similarity|show_trgm|set_limit|show_limit)$/,
  ],
  ['citext', /^citext(?:_.*)?$/],
  [
    'hstore',
    /^(?:hstore(?:_.*)?|(?:gin|gist|hash|btree)_hstore_ops|akeys|avals|skeys|svals|populate_record)$/,
  ],
  ['ltree', /^(?:ltree|lquery|ltxtquery|gist__?ltree_ops|subltree|subpath|nlevel|text2ltree|ltree2text)$/],
  ['uuid-ossp', /^uuid_(?:generate_v(?:1|1mc|3|4|5)|nil|ns_.*)$/],
  [
    'pgcrypto',
    /^(?:gen_salt|crypt|digest|hmac|encrypt(?:_iv)?|decrypt(?:_iv)?|gen_random_bytes|gen_random_uuid|armor|dearmor|pgp_.*)$/,
  ],
  [
    'btree_gist',
    /^(?:gist_(?:int[248]|float[48]|text|bpchar|bytea|numeric|oid|timestamp|timestamptz|time|timetz|date|interval|cash|macaddr8?|inet|cidr|bit|vbit|uuid|enum|bool)_ops|(?:cash|date|float[48]|int[248]|interval|oid|time|ts|tstz)_dist)$/,
  ],
  [
    'btree_gin',
    /^gin_(?:int[248]|float[48]|money|oid|timestamp|timestamptz|time|timetz|date|interval|macaddr8?|inet|cidr|text|varchar|char|bpchar|bytea|bit|varbit|name|bool|numeric|uuid|enum|btree)_ops$/,
  ],
  ['intarray', /^(?:query_int|gist__int(?:big)?_ops|gin__int_ops|icount|sort_asc|sort_desc|uniq|subarray)$/],
  ['cube', /^(?:cube(?:_.*)?|gist_cube_ops)$/],
  ['earthdistance', /^(?:earth|ll_to_earth|earth_distance|earth_box|gc_to_sec|sec_to_gc)$/],
  ['seg', /^(?:seg|gist_seg_ops)$/],
  ['isn', /^(?:ean13|isbn13|ismn13|issn13|isbn|ismn|issn|upc)$/],
  [
    'postgis',
    /^(?:geometry|geography|box2d|box3d|(?:gist|spgist|brin|btree)_(?:geometry|geography)_ops(?:_.*)?|st_.*)$/,
  ],
  [
    'fuzzystrmatch',
    /^(?:levenshtein(?:_less_equal)?|(?:d|daitch_mokotoff_)?(?:metaphone|soundex)|daitch_mokotoff|difference)$/,
  ],
  ['unaccent', /^unaccent(?:_.*)?$/],
  ['tablefunc', /^(?:crosstab[234n]?|normal_rand|connectby|tablefunc_crosstab_[234])$/],
  ['bloom', /^bloom$/],
  ['lo', /^(?:lo|lo_manage|lo_oid)$/],
  ['tcn', /^triggered_change_notification$/],
  ['moddatetime', /^moddatetime$/],
  ['xml2', /^(?:xpath_(?:table|string|number|bool|nodeset|list)|xslt_process)$/],
  ['pg_uuidv7', /^(?:uuid_generate_v7|uuid_v7_to_.*)$/],
];

/**
 * Names the extension that would have provided what a statement missed, when the error says that a type,
 * function, operator class, access method or the like does not exist. Undefined for every other error and
 * for names that no well-known extension has. Language-dependent words of the message are not read.
 */
export function extensionForMissing(error: DatabaseError): string | undefined {
  if (!UNDEFINED.has(error.sqlstate)) return undefined;
  const names = namesIn(error.message);
  for (const name of names) {
    const provider = PROVIDERS.find(([, pattern]) => pattern.test(name));
    if (provider !== undefined) return provider[0];
  }
  // "data type integer has no default operator class for access method "gist"": the method is all it quotes.
  return names.length === 1 ? SCALAR_CLASSES[names[0]!] : undefined;
}

/** What gives ordinary types an operator class for these access methods. */
const SCALAR_CLASSES: Readonly<Record<string, string>> = { gist: 'btree_gist', gin: 'btree_gin' };

/** Names in quotes of any language, and names before an argument list; without schema, array marks and case. */
function namesIn(message: string): string[] {
  const found = message.matchAll(/["«»„](?<quoted>[^"«»“]+)["«»“]|(?<called>[\p{L}_][\p{L}\p{N}_$.]*)\(/gu);
  return [...found].map(({ groups }) =>
    (groups?.quoted ?? groups?.called ?? '').trim().replace(/\[\]$/, '').replace(/^.*\./, '').toLowerCase(),
  );
}
