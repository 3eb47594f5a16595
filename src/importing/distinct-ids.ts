/**
 * Ids for names of the form `<version>_<words>`: the version alone, as people call it, where no other name has the
 * same (`1` and `01` are one number), else the whole name.
 */
export function distinctIds(
  names: readonly { readonly version: string; readonly whole: string }[],
): string[] {
  const sameNumber = (version: string) =>
    version.replace(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, ''));
  const count = new Map<string, number>();
  for (const { version } of names) {
    const key = sameNumber(version);
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  return names.map(({ version, whole }) =>
    count.get(sameNumber(version)) === 1 ? version : whole.replace(/[^\p{L}\p{M}\p{N}_.]+/gu, '_'),
  );
}
