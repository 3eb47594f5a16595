export type Period = 'hour' | 'day' | 'week' | 'month' | 'year';

/** Names the period of UTC that a time lies in: `2026-11-20T14`, `2026-11-20`, `2026-W47`, `2026-11`, `2026`. */
export function bucketOf(at: Date, period: Period): string {
  const text = at.toISOString();
  switch (period) {
    case 'hour':
      return text.slice(0, 13);
    case 'day':
      return text.slice(0, 10);
    case 'week':
      return isoWeek(at);
    case 'month':
      return text.slice(0, 7);
    case 'year':
      return text.slice(0, 4);
  }
}

/** ISO 8601: a week belongs to the year that its Thursday lies in. */
function isoWeek(at: Date): string {
  const thursday = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()));
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const year = thursday.getUTCFullYear();
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7);
  return `${year}-W${String(week).padStart(2, '0')}`;
}
