/** What to say of heads that no branch label tells apart, with the ways out. */
export function severalHeadsWarning(heads: readonly string[]): string {
  return (
    `there are several heads without a branch label: ${heads.join(', ')}; ` +
    '"tidemark migrate merge" joins them, "tidemark migrate rebase" puts one after the other, ' +
    'and "-- tidemark:branch LABEL" at the top of its first file says that a line is meant to stay apart'
  );
}
