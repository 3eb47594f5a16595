import { fileNameFault } from './file-name-template.js';

/** One key of `newMigrations`: what keeps a value from being right, in words that follow the key. */
type Check = (value: unknown) => string | undefined;

const LONGEST_SLUG = 200;

const checks: Readonly<Record<string, Check>> = {
  fileName: (value) => (isText(value) ? fileNameFault(value) : 'must be a string that is not empty'),
  timeZone: (value) =>
    isText(value) && isTimeZone(value)
      ? undefined
      : 'must be the name of a time zone, as Europe/Berlin or UTC',
  slugLength: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LONGEST_SLUG
      ? undefined
      : `must be a whole number from 1 to ${LONGEST_SLUG}`,
  revision: (value) =>
    value === 'timestamp' || value === 'number' ? undefined : 'must be "timestamp" or "number"',
  template: (value) =>
    isText(value) && /\.(?:sql|ts)$/.test(value) && !/\.(?:down\.sql|d\.ts)$/.test(value)
      ? undefined
      : 'must be the path of a .sql or .ts file',
  afterWrite: (value) =>
    Array.isArray(value) &&
    value.every((part) => typeof part === 'string') &&
    (value.length === 0 || isText(value[0]))
      ? undefined
      : 'must be a list of strings: a program and its arguments, without a shell',
};

/** The keys of `newMigrations`. */
export const newMigrationKeys: readonly string[] = Object.keys(checks);

/** What is wrong with the value of a key of `newMigrations`; undefined when nothing is, or there is no such key. */
export function newMigrationFault(key: string, value: unknown): string | undefined {
  return Object.hasOwn(checks, key) ? checks[key]?.(value) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
