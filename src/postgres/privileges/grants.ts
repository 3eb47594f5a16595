import { compareText, objectId, type Value } from '../../schema/object.js';
import { quoteIdent } from '../identifiers.js';

/** What privileges are given on, in the words of GRANT where it has some. */
export type AclClass =
  | 'table'
  | 'column'
  | 'sequence'
  | 'function'
  | 'type'
  | 'schema'
  | 'language'
  | 'foreign data wrapper'
  | 'foreign server'
  | 'large object';

/**
 * Who may do what. The keys are `owner`, `public` and `role NAME`; the values privileges in the order of their names,
 * with a star where they may be passed on. All that there are is `ALL`, so that a version with one more says the same.
 */
export type Grants = { readonly [grantee: string]: readonly string[] };

/** One entry of an expanded ACL: grantee as in `Grants`, privilege, whether it may be passed on. */
export type AclEntry = readonly [grantee: string, privilege: string, grantable: boolean];

const PRIVILEGES: Readonly<Record<AclClass, readonly string[]>> = {
  table: ['DELETE', 'INSERT', 'MAINTAIN', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'],
  column: ['INSERT', 'REFERENCES', 'SELECT', 'UPDATE'],
  sequence: ['SELECT', 'UPDATE', 'USAGE'],
  function: ['EXECUTE'],
  type: ['USAGE'],
  schema: ['CREATE', 'USAGE'],
  language: ['USAGE'],
  'foreign data wrapper': ['USAGE'],
  'foreign server': ['USAGE'],
  'large object': ['SELECT', 'UPDATE'],
};

/** MAINTAIN came with this version. */
const MAINTAIN_SINCE = 170000;
/** Since then PUBLIC may not create in the schema `public` of a new database. */
const PUBLIC_CLOSED_SINCE = 150000;

function privilegesOf(of: AclClass, version: number): readonly string[] {
  return PRIVILEGES[of].filter((privilege) => privilege !== 'MAINTAIN' || version >= MAINTAIN_SINCE);
}

/** What a new object has by itself, without anybody's default privileges. */
export function builtIn(of: AclClass, version: number, isSchemaPublic = false): Grants {
  const all = PRIVILEGES[of].length > 1 ? ['ALL'] : PRIVILEGES[of];
  if (of === 'column') return {};
  if (['function', 'type', 'language'].includes(of)) return { owner: all, public: PRIVILEGES[of] };
  if (isSchemaPublic) return { owner: all, public: version >= PUBLIC_CLOSED_SINCE ? ['USAGE'] : ['ALL'] };
  return { owner: all };
}

/** The entries of an ACL by grantee. */
export function collectGrants(of: AclClass, version: number, entries: readonly AclEntry[]): Grants {
  const held = new Map<string, Map<string, boolean>>();
  for (const [grantee, privilege, grantable] of entries) {
    const privileges = held.get(grantee) ?? new Map<string, boolean>();
    held.set(grantee, privileges);
    // An owner may pass everything on, whatever is written down.
    privileges.set(privilege, privileges.get(privilege) === true || (grantable && grantee !== 'owner'));
  }
  const all = privilegesOf(of, version);
  const listed = [...held].map(([grantee, privileges]): [string, string[]] => {
    const names = [...privileges.keys()].sort();
    const passed = names.filter((name) => privileges.get(name));
    if (all.length === 1 || !all.every((name) => privileges.has(name))) {
      return [grantee, names.map((name) => (privileges.get(name) ? `${name}*` : name))];
    }
    if (passed.length === all.length) return [grantee, ['ALL*']];
    return [grantee, ['ALL', ...passed.map((name) => `${name}*`)]];
  });
  return Object.fromEntries(listed);
}

/** The grants that are not those of `usual`; a grantee who lost what is usual has an empty list. */
export function deviating(grants: Grants, usual: Grants): Grants {
  return Object.fromEntries(
    granteesOf(grants, usual)
      .filter((grantee) => !sameList(grants[grantee] ?? [], usual[grantee] ?? []))
      .map((grantee) => [grantee, grants[grantee] ?? []]),
  );
}

/** All grants, from those that deviate. */
export function withUsual(deviations: Grants, usual: Grants): Grants {
  return { ...usual, ...deviations };
}

/** Everybody in one of them, in a fixed order. */
export function granteesOf(...all: readonly Grants[]): string[] {
  return [...new Set(all.flatMap((grants) => Object.keys(grants)))].sort(compareText);
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index]);
}

/** What a GRANT is about: `TABLE users`, and for the privileges of a column its name. */
export interface GrantTarget {
  readonly on: string;
  readonly column?: string | undefined;
  /** What stands for `owner`, as SQL writes it. */
  readonly owner: string;
  /** `ALTER DEFAULT PRIVILEGES IN SCHEMA s `, where that is what it is about. */
  readonly prefix?: string;
}

/** The statements that bring one grantee from some privileges to others. */
export function changeGrants(
  target: GrantTarget,
  grantee: string,
  before: readonly string[],
  after: readonly string[],
): string[] {
  if (sameList(before, after)) return [];
  if (before.length === 0) return grantAll(target, grantee, after);
  if (after.length === 0) {
    return [
      revoke(target, grantee, before.some((one) => one.startsWith('ALL')) ? ['ALL'] : before.map(bare)),
    ];
  }
  if (sameList(after, ['ALL*']) || (sameList(after, ['ALL']) && !before.some(isPassed))) {
    return grantAll(target, grantee, after);
  }
  if (sameList(before, ['ALL*']) && sameList(after, ['ALL'])) {
    return [revoke(target, grantee, ['ALL'], 'GRANT OPTION FOR ')];
  }
  if ([...before, ...after].some((one) => one.startsWith('ALL'))) {
    return [revoke(target, grantee, ['ALL']), ...grantAll(target, grantee, after)];
  }
  const wanted = new Set(after.map(bare));
  const lost = before.map(bare).filter((one) => !wanted.has(one));
  const kept = before.filter((one) => wanted.has(bare(one)));
  const held = kept.filter((one) => isPassed(one) && !after.includes(one)).map(bare);
  const added = after.filter((one) => !before.includes(one) && !(held.includes(one) && !isPassed(one)));
  return [
    ...(lost.length === 0 ? [] : [revoke(target, grantee, lost)]),
    ...(held.length === 0 ? [] : [revoke(target, grantee, held, 'GRANT OPTION FOR ')]),
    ...grantAll(target, grantee, added),
  ];
}

/** Takes everything from a grantee; `cascading`, also what that one passed on. */
export function revokeAll(target: GrantTarget, grantee: string, cascading = false): string {
  return `${revoke(target, grantee, ['ALL'])}${cascading ? ' CASCADE' : ''}`;
}

/** GRANT statements for privileges with and without stars. */
export function grantAll(target: GrantTarget, grantee: string, privileges: readonly string[]): string[] {
  const [passed, plain] = [privileges.filter(isPassed).map(bare), privileges.filter((one) => !isPassed(one))];
  const grant = (names: readonly string[], option: string) =>
    names.length === 0
      ? []
      : [
          `${target.prefix ?? ''}GRANT ${written(names, target)} ON ${target.on} TO ${nameOfGrantee(grantee, target)}${option}`,
        ];
  return [...grant(plain, ''), ...grant(passed, ' WITH GRANT OPTION')];
}

function revoke(target: GrantTarget, grantee: string, privileges: readonly string[], what = ''): string {
  return `${target.prefix ?? ''}REVOKE ${what}${written(privileges, target)} ON ${target.on} FROM ${nameOfGrantee(grantee, target)}`;
}

function written(privileges: readonly string[], { column }: GrantTarget): string {
  return privileges
    .map((privilege) => (column === undefined ? privilege : `${privilege} (${quoteIdent(column)})`))
    .join(', ');
}

function nameOfGrantee(grantee: string, { owner }: GrantTarget): string {
  if (grantee === 'public') return 'PUBLIC';
  return grantee === 'owner' ? owner : roleName(grantee.slice('role '.length));
}

/** The ids of the roles that something is granted to. */
export function rolesIn(grants: Grants): string[] {
  return Object.keys(grants).flatMap((grantee) =>
    grantee.startsWith('role ') ? [objectId('role', grantee.slice('role '.length))] : [],
  );
}

/** A role as GRANT, OWNER TO and the like take it: words that mean somebody else there are quoted. */
export function roleName(name: string): string {
  return /^(?:public|none|session_user|current_user|current_role|user)$/.test(name)
    ? `"${name}"`
    : quoteIdent(name);
}

function bare(privilege: string): string {
  return privilege.replace(/\*$/, '');
}

function isPassed(privilege: string): boolean {
  return privilege.endsWith('*');
}

/** `Grants` as a fact keeps them. */
export function grantsIn(value: Value | undefined): Grants {
  return (value ?? {}) as Grants;
}
