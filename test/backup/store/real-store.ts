import { randomBytes } from 'node:crypto';
import type { DestinationConfig } from '../../../src/backup/backup-config.js';

/**
 * Reads the address of a real store that the battery is to be run against; docs/backup-destinations.md has the format:
 *
 *   s3+https://KEY:SECRET@HOST[:PORT]/BUCKET[/PREFIX][?region=eu-west-1&pathStyle=false]
 *   supabase+https://:SERVICE_KEY@HOST[:PORT]/BUCKET[/PREFIX]
 *
 * Everything is written below a new prefix.
 */
export function realStore(address: string): {
  config: DestinationConfig;
  env: Record<string, string | undefined>;
} {
  const match = /^(s3|supabase)\+(https?:\/\/.+)$/.exec(address);
  if (match === null)
    throw new Error('the address of a real store begins with s3+https:// or supabase+https://');
  const [, type, rest = ''] = match;
  const url = new URL(rest);
  const [bucket = '', ...prefix] = url.pathname.split('/').filter((part) => part !== '');
  const below = [...prefix, `battery-${randomBytes(4).toString('hex')}`].join('/');
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  if (type === 'supabase') {
    return {
      config: { type: 'supabase', url: url.origin, bucket, prefix: below, keyVariable: 'KEY' },
      env: { KEY: password },
    };
  }
  return {
    config: {
      type: 's3',
      bucket,
      prefix: below,
      endpoint: url.origin,
      region: url.searchParams.get('region') ?? 'us-east-1',
      pathStyle: url.searchParams.get('pathStyle') !== 'false',
      accessKeyVariable: 'KEY',
      secretKeyVariable: 'SECRET',
      partSize: 5 * 1024 * 1024,
    },
    env: { KEY: user, SECRET: password },
  };
}
