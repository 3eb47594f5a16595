import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatManifest, MAX_MANIFEST_BYTES, parseManifest } from '../../src/backup/parse-manifest.js';
import { sampleManifest } from './support/sample-manifest.js';

const sample = sampleManifest();
const [part] = sample.parts;

/** The sample as JSON with one place changed. */
function changed(path: string, value: unknown): string {
  const copy = JSON.parse(JSON.stringify(sample)) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  let at = copy;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = value;
  return JSON.stringify(copy);
}

describe('a manifest', () => {
  test('comes back as it was written, the same bytes for the same manifest', () => {
    const text = formatManifest(sample);
    expect(parseManifest(text, 'm')).toEqual(sample);
    expect(formatManifest(parseManifest(text, 'm'))).toBe(text);
    const full = sampleManifest({
      globals: {
        roles: ['app'],
        extensions: [{ name: 'vector', version: '0.8.0' }],
        tablespaces: [],
        sequences: [{ schema: 'public', name: 's', value: '9223372036854775807' }],
        properties: ['ALTER DATABASE {} SET search_path TO app'],
      },
      encryption: { scheme: 'age', recipients: ['age1x'] },
      migrations: null,
    });
    expect(parseManifest(formatManifest(full), 'm')).toEqual(full);
  });

  test.each<[string, unknown, string]>([
    ['parts.0.name', '../../etc/passwd', 'backup-name-invalid'],
    ['parts.0.name', '/etc/passwd', 'backup-name-invalid'],
    ['parts.0.name', 'a\0b', 'manifest-invalid'],
    ['parts.0.name', '.hidden', 'backup-name-invalid'],
    ['parts.0.name', 'a\\b', 'backup-name-invalid'],
    ['parts.0.name', 'manifest.json', 'backup-name-invalid'],
    ['parts.0.name', 'x'.repeat(200), 'backup-name-invalid'],
    ['parts.0.bytes', 1e308, 'manifest-invalid'],
    ['parts.0.bytes', -1, 'manifest-invalid'],
    ['parts.0.bytes', '5', 'manifest-invalid'],
    ['parts.0.sha256', 'abc', 'manifest-invalid'],
    ['parts', [], 'manifest-invalid'],
    ['parts', [part, { ...part, name: 'DATABASE.sqlite' }], 'manifest-invalid'],
    ['parts', { length: 1 }, 'manifest-invalid'],
    ['id', '../x', 'manifest-invalid'],
    ['createdAt', 'yesterday', 'manifest-invalid'],
    ['createdAt', '2026-11-20', 'manifest-invalid'],
    ['engine.kind', 'mysql', 'manifest-invalid'],
    ['engine', null, 'manifest-invalid'],
    ['engine.settings', { page_size: 4096 }, 'manifest-invalid'],
    ['pinned', 'yes', 'manifest-invalid'],
    ['tags', ['a', 1], 'manifest-invalid'],
    ['format', 'something', 'manifest-invalid'],
    ['version', 2, 'manifest-newer'],
    ['encryption', { scheme: 'rot13', recipients: [] }, 'manifest-invalid'],
  ])('%s = %j is refused', (path, value, code) => {
    expect(() => parseManifest(changed(path, value), 'm')).toThrow(expect.objectContaining({ code }));
  });

  test.each(['', '{', '[]', 'null', '"x"', '{}'])('%j is refused', (text) => {
    expect(() => parseManifest(text, 'm')).toThrow(expect.objectContaining({ code: 'manifest-invalid' }));
  });

  test('keys of the language are keys like others', () => {
    const text = `{"__proto__": {"polluted": true}, ${formatManifest(sample).trim().slice(1)}`;
    expect(parseManifest(text, 'm')).toEqual(sample);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(() => parseManifest(JSON.stringify(Object.create(sample)), 'm')).toThrow();
  });

  test('one of a hundred megabytes is refused before it is read', () => {
    expect(() => parseManifest(' '.repeat(MAX_MANIFEST_BYTES + 1), 'm')).toThrow('larger');
  });

  test('whatever stands there, there is an answer in words', () => {
    const text = formatManifest(sample);
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), (at, sign) => {
        try {
          parseManifest(text.slice(0, at) + sign + text.slice(at + 1), 'm');
        } catch (error) {
          expect(error).toMatchObject({ name: 'TidemarkError' });
        }
      }),
    );
  });
});
