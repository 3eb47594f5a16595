import { didYouMean } from '../suggest.js';
import { INTERVAL_WORDS, parseInterval } from './interval.js';

/** What keeps a value from being right, in words that follow its key; undefined when nothing does. */
type Check = (value: unknown) => string | undefined;

/** The least part of an upload that S3 takes, in bytes. */
const LEAST_PART = 5 * 1024 * 1024;

const filled: Check = (value) => (isText(value) ? undefined : 'must be a string that is not empty');
const texts: Check = (value) =>
  Array.isArray(value) && value.every(isText) ? undefined : 'must be a list of strings that are not empty';
const textOrTexts: Check = (value) =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText))
    ? undefined
    : 'must be a path or a list of paths';
const interval: Check = (value) =>
  typeof value === 'string' && parseInterval(value) !== undefined ? undefined : `must be ${INTERVAL_WORDS}`;
const intervalOrOff: Check = (value) =>
  value === 'off' || interval(value) === undefined ? undefined : `must be ${INTERVAL_WORDS}, or "off"`;
const command: Check = (value) =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((part) => typeof part === 'string') &&
  isText(value[0])
    ? undefined
    : 'must be a list of strings: a program and its arguments, without a shell';
const webAddress: Check = (value) =>
  isText(value) && /^https?:$/.test(protocolOf(value))
    ? undefined
    : 'must be an address that begins with https:// or http://';
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

/** A whole number; `off` where that is a choice. */
function whole(least: number, most = Number.MAX_SAFE_INTEGER, off = false): Check {
  const range =
    most === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${least}`
      : `a whole number from ${least} to ${most}`;
  return (value) =>
    (off && value === 'off') ||
    (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
      ? undefined
      : `must be ${range}${off ? ', or "off"' : ''}`;
}

const retentionKeys: Readonly<Record<string, Check>> = {
  keepDays: whole(1, Number.MAX_SAFE_INTEGER, true),
  minKeep: whole(1),
  keepLast: whole(0),
  keepHourly: whole(0),
  keepDaily: whole(0),
  keepWeekly: whole(0),
  keepMonthly: whole(0),
  keepYearly: whole(0),
  preMigrationKeepDays: whole(0),
};

const hookKeys: Readonly<Record<string, Check>> = { before: command, after: command, failed: command };

const destinationKeys: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  folder: { path: filled },
  s3: {
    bucket: filled,
    prefix: filled,
    region: filled,
    endpoint: webAddress,
    pathStyle: flag,
    accessKeyVariable: filled,
    secretKeyVariable: filled,
    partSize: whole(LEAST_PART),
  },
  supabase: { url: webAddress, bucket: filled, prefix: filled, keyVariable: filled },
};
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  folder: ['path'],
  s3: ['bucket'],
  supabase: ['url', 'bucket'],
};

const keys: Readonly<Record<string, Check>> = {
  folder: filled,
  interval,
  cron: filled,
  cleanupInterval: interval,
  verifyInterval: intervalOrOff,
  verify: whole(0, 4),
  encryptTo: texts,
  identities: filled,
  excludeTableData: texts,
  jobs: whole(1),
  clientFolder: filled,
  assertions: textOrTexts,
  ping: webAddress,
  metricsFile: filled,
};
const nested = ['destinations', 'retention', 'hooks'];

/** Every fault of a `backup` block, as sentences about its keys. No value is quoted: it may be a secret. */
export function backupFaults(block: Readonly<Record<string, unknown>>, prefix: string): string[] {
  const { destinations, retention, hooks, ...rest } = block;
  const faults = keyFaults(rest, prefix, keys, [...Object.keys(keys), ...nested]);
  faults.push(...blockFaults(retention, `${prefix}retention`, retentionKeys));
  faults.push(...blockFaults(hooks, `${prefix}hooks`, hookKeys));
  if (block.interval !== undefined && block.cron !== undefined)
    faults.push(`"${prefix}interval" and "${prefix}cron" exclude each other`);
  if (destinations !== undefined) faults.push(...destinationsFaults(destinations, `${prefix}destinations`));
  return faults;
}

function destinationsFaults(destinations: unknown, path: string): string[] {
  if (!isRecord(destinations)) return [`"${path}" must be an object of destinations by name`];
  return Object.entries(destinations).flatMap(([name, destination]) => {
    const at = `${path}.${name}`;
    // The name stands in keys, in messages and in a variable's value: it is plain.
    if (!/^[a-z0-9][a-z0-9_-]{0,62}$/i.test(name))
      return [`"${at}": a destination's name has letters, digits, - and _ alone`];
    if (name === 'local') return [`"${at}": "local" is the name of the folder itself`];
    if (!isRecord(destination)) return [`"${at}" must be an object`];
    const { type, retention, ...rest } = destination;
    const known =
      typeof type === 'string' && Object.hasOwn(destinationKeys, type) ? destinationKeys[type] : undefined;
    if (known === undefined || typeof type !== 'string')
      return [`"${at}.type" must be "folder", "s3" or "supabase"`];
    const missing = (requiredKeys[type] ?? []).filter((key) => rest[key] === undefined);
    return [
      ...missing.map((key) => `"${at}.${key}" is missing`),
      ...keyFaults(rest, `${at}.`, known, ['type', 'retention', ...Object.keys(known)]),
      ...blockFaults(retention, `${at}.retention`, retentionKeys),
    ];
  });
}

function blockFaults(value: unknown, path: string, known: Readonly<Record<string, Check>>): string[] {
  if (value === undefined) return [];
  if (!isRecord(value)) return [`"${path}" must be an object`];
  return keyFaults(value, `${path}.`, known, Object.keys(known));
}

function keyFaults(
  record: Readonly<Record<string, unknown>>,
  prefix: string,
  checks: Readonly<Record<string, Check>>,
  known: readonly string[],
): string[] {
  return Object.entries(record).flatMap(([key, value]) => {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (check === undefined) return [`unknown key "${prefix}${key}"${didYouMean(key, known)}`];
    const fault = value === undefined ? undefined : check(value);
    return fault === undefined ? [] : [`"${prefix}${key}" ${fault}`];
  });
}

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
