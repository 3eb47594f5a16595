import { resolve } from 'node:path';
import { TidemarkError } from '../../errors.js';
import type { DestinationConfig, S3Destination, SupabaseDestination } from '../backup-config.js';
import type { BackupStore } from './backup-store.js';
import { FolderStore } from './folder-store.js';
import { storeRoot } from './store-key.js';

export interface LoadStoreOptions {
  /** Where credentials are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a relative path starts: the configuration's folder. */
  readonly folder: string;
}

const MEBIBYTE = 1024 * 1024;

/**
 * Makes the store of a destination. The clients of S3 and Supabase are loaded only here and only for their own kind.
 * Nothing is asked of the destination yet; the AWS SDK may ask for credentials where they come from a service. Throws
 * TidemarkError with exit code 2: `config-invalid`, `store-credentials`.
 *
 * @param name as the configuration calls it
 */
export async function loadStore(
  name: string,
  config: DestinationConfig,
  { env, folder }: LoadStoreOptions,
): Promise<BackupStore> {
  switch (config.type) {
    case 'folder':
      if (typeof config.path !== 'string' || config.path === '') throw invalid(name, 'needs a `path`');
      return new FolderStore(name, resolve(folder, config.path), { mounted: true });
    case 's3':
      return s3Store(name, config, env);
    case 'supabase':
      return supabaseStore(name, config, env);
    default:
      throw invalid(name, 'needs a `type`: folder, s3 or supabase');
  }
}

async function s3Store(
  name: string,
  config: S3Destination,
  env: LoadStoreOptions['env'],
): Promise<BackupStore> {
  const { bucket, prefix, endpoint, pathStyle, partSize } = config;
  requireBucket(name, bucket);
  storeRoot(name, prefix);
  if (endpoint !== undefined) requireAddress(name, 'endpoint', endpoint);
  if (
    partSize !== undefined &&
    (!Number.isInteger(partSize) || partSize < 5 * MEBIBYTE || partSize > 1024 * MEBIBYTE)
  )
    throw invalid(name, 'has a `partSize` that is not between 5242880 (5 MiB) and 1073741824 (1 GiB)');
  const credentials = keysOf(name, config, env);
  const region =
    config.region ??
    (env.AWS_REGION || env.AWS_DEFAULT_REGION || (endpoint === undefined ? undefined : 'us-east-1'));
  const { S3Store } = await import('./s3-store.js');
  const store = new S3Store(name, { bucket, prefix, region, endpoint, pathStyle, partSize, credentials });
  try {
    await store.requireCredentials();
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    if (error.code === 'store-credentials') throw noKeys(name, variablesOf(config));
    if (error.details.fault === 'region')
      throw invalid(name, 'needs a `region` (or the variable AWS_REGION)');
    throw error;
  }
  return store;
}

/** Undefined: the SDK looks in its own places (profiles, roles). */
function keysOf(name: string, config: S3Destination, env: LoadStoreOptions['env']) {
  const variables = variablesOf(config);
  const [accessKeyId, secretAccessKey] = variables.map((variable) => env[variable] ?? '');
  if (accessKeyId && secretAccessKey) {
    const sessionToken = config.accessKeyVariable === undefined ? env.AWS_SESSION_TOKEN : undefined;
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  }
  const named = config.accessKeyVariable !== undefined || config.secretKeyVariable !== undefined;
  if (!named && !accessKeyId && !secretAccessKey) return undefined;
  throw noKeys(
    name,
    variables.filter((variable) => !env[variable]),
  );
}

function variablesOf(config: S3Destination): readonly [string, string] {
  return [
    config.accessKeyVariable ?? 'AWS_ACCESS_KEY_ID',
    config.secretKeyVariable ?? 'AWS_SECRET_ACCESS_KEY',
  ];
}

async function supabaseStore(
  name: string,
  { url, bucket, prefix, keyVariable = 'SUPABASE_SERVICE_ROLE_KEY' }: SupabaseDestination,
  env: LoadStoreOptions['env'],
): Promise<BackupStore> {
  requireBucket(name, bucket);
  storeRoot(name, prefix);
  requireAddress(name, 'url', url);
  const key = env[keyVariable];
  if (!key) throw noKeys(name, [keyVariable]);
  // What a header does not take would be shown in the error of whoever refuses it.
  if (!/^[\x21-\x7e]+$/.test(key))
    throw invalid(
      name,
      `has a key in ${keyVariable} with spaces, line ends or other characters that no key has`,
    );
  const { SupabaseStore } = await import('./supabase-store.js');
  return new SupabaseStore(name, { url, bucket, prefix, key });
}

function requireBucket(name: string, bucket: unknown): void {
  if (typeof bucket === 'string' && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/.test(bucket)) return;
  throw invalid(name, 'needs a `bucket`, of letters, digits, ".", "_" and "-"');
}

/** The address itself is not repeated: it may have a password in it. */
function requireAddress(name: string, setting: string, address: unknown): void {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw invalid(name, `needs an address in \`${setting}\` that begins with https:// (or http://)`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw invalid(name, `has more than an address in \`${setting}\`; credentials come from the environment`);
}

function invalid(name: string, what: string): TidemarkError {
  return new TidemarkError('config-invalid', `the destination "${name}" ${what}`, {
    exitCode: 2,
    hints: ['docs/backup-destinations.md shows what each kind of destination takes.'],
  });
}

function noKeys(name: string, variables: readonly string[]): TidemarkError {
  return new TidemarkError(
    'store-credentials',
    `there are no credentials for the destination "${name}": ${variables.join(' and ')} ${variables.length > 1 ? 'are' : 'is'} not set`,
    {
      exitCode: 2,
      hints: [`Set ${variables.join(' and ')} in the environment or in .env.`],
      details: { destination: name, variables },
    },
  );
}
