/** Phrases as one sentence without a full stop: `Change the type of column a to b and make it NOT NULL`. */
export function sentence(phrases: readonly string[]): string {
  const last = phrases.at(-1) ?? '';
  const text = phrases.length < 2 ? last : `${phrases.slice(0, -1).join(', ')} and ${last}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What changes about one thing: its name in the first phrase, `it` in the others. */
export function aboutOne(name: string, phrases: readonly ((subject: string) => string)[]): string {
  return sentence(phrases.map((phrase, index) => phrase(index === 0 ? name : 'it')));
}
