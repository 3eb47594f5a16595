/** What `false` in a configuration takes out of every comparison: key by key, the kinds. */
export const MANAGED_KINDS = {
  privileges: ['privileges', 'default-privileges'],
  owners: ['owner'],
  comments: ['comment'],
  publications: ['publication', 'publication-table', 'publication-schema'],
  subscriptions: ['subscription'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ManagedKey = keyof typeof MANAGED_KINDS;

/** The keys, in the order in which they are described. */
export const MANAGED_KEYS = Object.keys(MANAGED_KINDS) as readonly ManagedKey[];

/** What `true` in a configuration takes in: what belongs to the whole server. */
export const OPT_IN_KINDS = { roles: ['role', 'role-membership', 'role-setting'] } as const;

/** The kinds of the keys that are false. */
export function kindsWithout(setting: (key: ManagedKey) => boolean | undefined): string[] {
  return MANAGED_KEYS.flatMap((key) => (setting(key) === false ? MANAGED_KINDS[key] : []));
}
