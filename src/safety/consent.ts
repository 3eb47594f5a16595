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

/** What is allowed, and who can be asked about the rest. */
export interface Consent {
  readonly allow: Allowance;
  /** Asked about the losses that nobody has allowed; true allows them all. */
  readonly ask?: ((hazards: readonly Hazard[]) => Promise<boolean>) | undefined;
}

/**
 * The hazards among these that lose data and are allowed: all that do, or TidemarkError `consent-missing` is thrown.
 * Nobody is asked or refused when only `looking`.
 */
export async function consentTo(
  hazards: readonly Hazard[],
  { allow, ask }: Consent = { allow: [] },
  looking = false,
): Promise<Hazard[]> {
  const lossy = hazards.filter(({ level }) => level === 'data-loss');
  const open = unconsented(lossy, allow);
  if (open.length === 0) return lossy;
  if (looking) return lossy.filter((hazard) => !open.includes(hazard));
  if (ask === undefined || !(await ask(open))) throw consentMissing(open);
  return lossy;
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
