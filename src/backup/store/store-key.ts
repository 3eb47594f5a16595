import { TidemarkError } from '../../errors.js';

/** What every file system and object store takes as it is: no store has to encode it, none can be led elsewhere by it. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** S3 takes 1,024 bytes; a prefix comes before a key. */
const MOST = 500;

/** True for a key that stores take. What a store lists besides is not ours: it is neither read nor deleted. */
export function isStoreKey(key: string): boolean {
  return key.length <= MOST && key.split('/').every((segment) => SEGMENT.test(segment));
}

/**
 * Throws TidemarkError (`backup-name-invalid`) for what is no key: other characters than letters, digits, `.`, `_`,
 * `-` and `/`, an empty part, one that begins with a dot. Supabase's client would cut it at `#` and follow `../`.
 */
export function requireStoreKey(key: string): void {
  if (isStoreKey(key)) return;
  throw new TidemarkError(
    'backup-name-invalid',
    `${JSON.stringify(key.slice(0, 200))} cannot be the name of an object in a destination`,
  );
}

/** The same for the beginning of a key, as `list` takes it: nothing, or whole parts with perhaps a part of one behind. */
export function requireKeyPrefix(prefix: string): void {
  const parts = prefix.split('/');
  const last = parts.pop() ?? '';
  if (
    prefix.length <= MOST &&
    (last === '' || SEGMENT.test(last)) &&
    parts.every((part) => SEGMENT.test(part))
  )
    return;
  requireStoreKey(prefix);
}

/**
 * A configured prefix as what keys begin with: `tidemark/production/`, or nothing. Throws TidemarkError with exit
 * code 2 (`config-invalid`).
 */
export function storeRoot(destination: string, prefix: string | undefined): string {
  if (prefix === undefined || prefix === '') return '';
  const plain = prefix.replace(/\/$/, '');
  if (isStoreKey(plain)) return `${plain}/`;
  throw new TidemarkError(
    'config-invalid',
    `the prefix ${JSON.stringify(prefix.slice(0, 200))} of the destination "${destination}" cannot be used`,
    {
      exitCode: 2,
      hints: [
        'A prefix is made of letters, digits, ".", "_" and "-", with "/" between: tidemark/production.',
      ],
    },
  );
}
