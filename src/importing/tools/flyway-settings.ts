import { join } from 'node:path';
import { isFile, readSource } from '../source-file.js';

/** What Flyway's configuration says about the text of migrations. */
export interface FlywaySettings {
  /** By name in lower case, as Flyway looks them up. */
  readonly placeholders: ReadonlyMap<string, string>;
  /** `false` when nothing is to be replaced. */
  readonly replaces: string | undefined;
}

/** Reads flyway.conf and flyway.toml in the folder, its `conf`, or the folder above, then FLYWAY_… variables. */
export async function readSettings(
  path: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FlywaySettings> {
  const settings = new Map<string, string>();
  for (const folder of ['..', '.', 'conf']) {
    for (const file of ['flyway.conf', 'flyway.toml']) {
      for (const [name, value] of await settingsOf(join(path, folder, file))) settings.set(name, value);
    }
  }
  const placeholders = new Map<string, string>();
  for (const [name, value] of settings) {
    const [, placeholder] = /^flyway\.placeholders\.(.+)$/i.exec(name) ?? [];
    if (placeholder !== undefined) placeholders.set(placeholder.toLowerCase(), value);
  }
  for (const [name, value] of Object.entries(env)) {
    const [, placeholder] = /^FLYWAY_PLACEHOLDERS_(.+)$/.exec(name) ?? [];
    if (placeholder !== undefined && value !== undefined) placeholders.set(placeholder.toLowerCase(), value);
  }
  return {
    placeholders,
    replaces: env.FLYWAY_PLACEHOLDER_REPLACEMENT ?? settings.get('flyway.placeholderReplacement'),
  };
}

/** The settings of a `.conf` (`name=value`) or a `.toml` (tables of plain values); none without the file. */
export async function settingsOf(path: string): Promise<Map<string, string>> {
  const settings = new Map<string, string>();
  if (!(await isFile(path))) return settings;
  const { text } = await readSource(path);
  let table = '';
  for (const line of text.split('\n')) {
    const [, header] = /^\s*\[([^[\]]+)\]\s*(?:#.*)?$/.exec(line) ?? [];
    if (header !== undefined) table = `${header.trim()}.`;
    const [, name, value] = /^\s*([\w.:"-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || line.trimStart().startsWith('#')) continue;
    const [, quoted] = /^(?:"([^"]*)"|'[^']*')/.exec(value!) ?? [];
    const plain = path.endsWith('.toml') ? (quoted ?? value!.replace(/^'([^']*)'.*$/, '$1')) : value!;
    settings.set(`${table}${name.replaceAll('"', '')}`, plain);
  }
  return settings;
}

/** A version as Flyway compares it: `1_0`, `1.0` and `01` are one. */
export function versionKey(version: string): string {
  const parts = version.split(/[._]/).map((part) => BigInt(part === '' ? '0' : part).toString());
  while (parts.length > 1 && parts.at(-1) === '0') parts.pop();
  return parts.join('.');
}

/** Orders versions as Flyway does: part by part, as numbers. */
export function compareFlyway(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => versionKey(version).split('.').map(BigInt)) as [
    bigint[],
    bigint[],
  ];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [x, y] = [left[at] ?? 0n, right[at] ?? 0n];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
