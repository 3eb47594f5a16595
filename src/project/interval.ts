const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** What is said of an interval that `parseInterval` does not take. */
export const INTERVAL_WORDS = 'a time such as 30m, 24h or 7d';

/**
 * Milliseconds of `30s`, `30m`, `24h`, `1.5d` or `2w`; undefined for everything else, also for zero and for a bare
 * number: what runs again and again must not be off by the factor of a forgotten unit.
 */
export function parseInterval(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined) return undefined;
  const milliseconds = Math.round(Number(match[1]) * unit);
  return milliseconds > 0 && Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}
