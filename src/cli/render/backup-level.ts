const WORDS = [
  'there, with its size',
  'every byte hashed',
  'read from end to end',
  'restored and counted',
  'restored, and your assertions hold',
] as const;

/** `read from end to end (level 2)` */
export function levelText(level: number): string {
  return `${WORDS[level] ?? 'not at all'} (level ${level})`;
}
