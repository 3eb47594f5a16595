import { quoteIdent, quoteLiteral } from './identifiers.js';

/**
 * Options whose names say that they are secrets: POSIX, case ignored. They are sorted out on the server, so that
 * no value of theirs is ever read, compared, written down or kept in a snapshot.
 */
const SECRET = 'pass(w|phrase|file|$)|^pwd|secret|token|credential|(ssl|private|access|api)_?key';

/**
 * What a user mapping may say openly. Its options are nobody's business but the user's, and wrappers name their
 * secrets as they like, so that everything else is taken for one.
 */
const OPEN_FOR_USERS = '^(user|username|user_name|remote_user|password_required)$';

/** Who an option belongs to: a user's are secrets unless known to be none. */
export type OptionsOf = 'user' | 'object';

/** SQL: the options in a text[] column that are no secrets, `name=value`, sorted. Never NULL. */
export function openOptions(column: string, of: OptionsOf = 'object'): string {
  return `ARRAY(SELECT o FROM unnest(${column}) o WHERE ${isOpen(of)} ORDER BY o COLLATE "C")`;
}

/** SQL: the names of those that are secrets, sorted. Never NULL. */
export function secretOptions(column: string, of: OptionsOf = 'object'): string {
  return `ARRAY(SELECT ${NAME} FROM unnest(${column}) o WHERE NOT (${isOpen(of)}) ORDER BY ${NAME} COLLATE "C")`;
}

const NAME = `split_part(o, '=', 1)`;

function isOpen(of: OptionsOf): string {
  return of === 'user' ? `${NAME} ~* '${OPEN_FOR_USERS}'` : `${NAME} !~* '${SECRET}'`;
}

/** ` OPTIONS (host 'x', port '5432')`, or nothing. */
export function optionsClause(options: readonly string[]): string {
  return options.length === 0 ? '' : ` OPTIONS (${options.map(write).join(', ')})`;
}

/** `OPTIONS (SET host 'y', ADD port '5432', DROP dbname)`; empty when nothing differs. */
export function optionChanges(before: readonly string[], after: readonly string[]): string[] {
  const names = (options: readonly string[]) => new Set(options.map(nameOf));
  const [old, next] = [names(before), names(after)];
  const changes = [
    ...before
      .filter((option) => !next.has(nameOf(option)))
      .map((option) => `DROP ${quoteIdent(nameOf(option))}`),
    ...after
      .filter((option) => !before.includes(option))
      .map((option) => `${old.has(nameOf(option)) ? 'SET' : 'ADD'} ${write(option)}`),
  ];
  return changes.length === 0 ? [] : [`OPTIONS (${changes.join(', ')})`];
}

function nameOf(option: string): string {
  return option.slice(0, option.indexOf('='));
}

function write(option: string): string {
  const name = nameOf(option);
  return `${quoteIdent(name)} ${quoteLiteral(option.slice(name.length + 1))}`;
}
