import { TidemarkError } from '../errors.js';
import { didYouMean } from '../suggest.js';
import type { Config } from './config.js';
import { MANAGED_KEYS } from './managed-kinds.js';
import { backupFaults } from './validate-backup.js';
import { newMigrationFault, newMigrationKeys } from './validate-new-migrations.js';

/** One thing a key may hold: a test and the words for it. */
interface Expectation {
  readonly words: string;
  accepts(value: unknown): boolean;
}

const text: Expectation = { words: 'a string', accepts: (value) => typeof value === 'string' };
const filledText: Expectation = {
  words: 'a string that is not empty',
  accepts: (value) => typeof value === 'string' && value.trim() !== '',
};
const flag: Expectation = { words: 'true or false', accepts: (value) => typeof value === 'boolean' };
const texts: Expectation = {
  words: 'a list of strings',
  accepts: (value) => Array.isArray(value) && value.every((entry) => filledText.accepts(entry)),
};
/** `schema.name` with `*`, or `kind:schema.name`; whether there is such a kind is for the engine to say. */
const PATTERN = /^(?:[a-z][a-z -]*:)?[^.:]+(?:\.[^.]+)*$/s;
const somePatterns: Expectation = {
  words: 'a list of patterns (schema.name with *, or kind:schema.name), at least one',
  accepts: (value) =>
    texts.accepts(value) &&
    (value as string[]).length > 0 &&
    (value as string[]).every((text) => PATTERN.test(text)),
};
const textOrTexts: Expectation = {
  words: 'a path, a glob, or a list of them',
  accepts: (value) => filledText.accepts(value) || (texts.accepts(value) && (value as unknown[]).length > 0),
};

const record: Expectation = { words: 'an object', accepts: isRecord };

const environmentKeys: Readonly<Record<string, Expectation>> = {
  url: text,
  schema: textOrTexts,
  migrations: filledText,
  snapshots: filledText,
  dev: filledText,
  online: flag,
  exclude: texts,
  include: somePatterns,
  ...Object.fromEntries(MANAGED_KEYS.map((key) => [key, flag])),
  roles: flag,
  production: flag,
  newMigrations: record,
  backup: record,
};
const topKeys: Readonly<Record<string, Expectation>> = { ...environmentKeys, defaultEnvironment: filledText };

/**
 * Checks what a configuration file gave and returns it with its type. Throws TidemarkError
 * (`config-invalid`, exit code 2) with every fault found: the file, the key's path and what is expected.
 */
export function validateConfig(value: unknown, file: string): Config {
  const faults: string[] = [];
  if (!isRecord(value)) {
    faults.push(`the configuration must be an object, not ${describe(value)}`);
  } else {
    const { environments, ...rest } = value;
    checkKeys(rest, '', topKeys, [...Object.keys(topKeys), 'environments'], faults);
    if (environments !== undefined) checkEnvironments(environments, value.defaultEnvironment, faults);
  }
  const [first] = faults;
  if (first === undefined) return value as Config;
  const message =
    faults.length === 1 ? first : `${faults.length} faults\n${faults.map((f) => `  ${f}`).join('\n')}`;
  throw new TidemarkError('config-invalid', `${file}: ${message}`, {
    exitCode: 2,
    hints: ['docs/configuration.md describes every key.'],
    details: { file, faults },
  });
}

function checkEnvironments(environments: unknown, chosen: unknown, faults: string[]): void {
  if (!isRecord(environments)) {
    faults.push(`"environments" must be an object of environments by name, not ${describe(environments)}`);
    return;
  }
  for (const [name, environment] of Object.entries(environments)) {
    const path = `environments.${name}`;
    if (name.trim() === '') faults.push('an environment needs a name');
    else if (isRecord(environment))
      checkKeys(environment, `${path}.`, environmentKeys, Object.keys(environmentKeys), faults);
    else faults.push(`"${path}" must be an object, not ${describe(environment)}`);
  }
  if (typeof chosen === 'string' && !Object.hasOwn(environments, chosen)) {
    const guess = didYouMean(chosen, Object.keys(environments));
    faults.push(`"defaultEnvironment" names "${chosen}", which is not among the environments${guess}`);
  }
}

function checkKeys(
  record: Record<string, unknown>,
  prefix: string,
  expectations: Readonly<Record<string, Expectation>>,
  known: readonly string[],
  faults: string[],
): void {
  for (const [key, value] of Object.entries(record)) {
    const expectation = Object.hasOwn(expectations, key) ? expectations[key] : undefined;
    if (expectation === undefined) {
      faults.push(`unknown key "${prefix}${key}"${didYouMean(key, known)}`);
    } else if (value !== undefined && !expectation.accepts(value)) {
      // A URL may carry a password: the value of a wrong one is described, never quoted.
      faults.push(`"${prefix}${key}" must be ${expectation.words}, not ${describe(value)}`);
    } else if (key === 'newMigrations' && isRecord(value)) {
      checkNewMigrations(value, `${prefix}${key}.`, faults);
    } else if (key === 'backup' && isRecord(value)) {
      faults.push(...backupFaults(value, `${prefix}${key}.`));
    }
  }
}

function checkNewMigrations(record: Record<string, unknown>, prefix: string, faults: string[]): void {
  for (const [key, value] of Object.entries(record)) {
    if (!newMigrationKeys.includes(key)) {
      faults.push(`unknown key "${prefix}${key}"${didYouMean(key, newMigrationKeys)}`);
      continue;
    }
    const fault = value === undefined ? undefined : newMigrationFault(key, value);
    if (fault !== undefined) faults.push(`"${prefix}${key}" ${fault}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing (is there an `export default`?)';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === '') return 'an empty string';
  if (typeof value === 'string' && value.trim() === '') return 'a blank string';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
