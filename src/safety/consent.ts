import { TidemarkError } from '../errors.js';
import type { Hazard } from '../schema/kind.js';

/** What `--allow` was given: `all`, a hazard's code, or `code:subject` for one object only. */
export type Allowance = readonly string[];

/** The hazards that lose data and that nobody has allowed. The other levels inform and need no consent. */
export function unconsented(hazards: readonly Hazard[], allow: Allowance): Hazard[] {
  return hazards.filter(
    (hazard) =>
      hazard.level === 'data-loss' &&
      !allow.some((entry) => entry === 'all' || entry === hazard.code || entry === consentFlag(hazard)),
  );
}

/** Entries that allow nothing of this: mistyped, or about steps that are not in the plan. `all` never is. */
export function idleAllowances(hazards: readonly Hazard[], allow: Allowance): string[] {
  const lossy = hazards.filter((hazard) => hazard.level === 'data-loss');
  return allow.filter((entry) => entry !== 'all' && unconsented(lossy, [entry]).length === lossy.length);
}

/** What `--allow` takes for exactly this hazard: `drop-column:users.nickname`. */
export function consentFlag(hazard: Hazard): string {
  return `${hazard.code}:${hazard.subject}`;
}

/** The refusal of steps that lose data, with the flags that would allow them. */
export function consentMissing(hazards: readonly Hazard[]): TidemarkError {
  const flags = hazards.map((hazard) => `--allow ${shellWord(consentFlag(hazard))}`).join(' ');
  return new TidemarkError(
    'consent-missing',
    `${hazards.length === 1 ? 'a step loses data' : `${hazards.length} steps lose data`} and nobody has allowed that: ${hazards.map((hazard) => hazard.message).join('; ')}`,
    {
      exitCode: 4,
      hints: [`If that is meant: ${flags}`, 'Or --allow all, where losing anything is fine.'],
      details: { hazards },
    },
  );
}

function shellWord(text: string): string {
  return /^[\w.:@/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
