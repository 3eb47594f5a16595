import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { TidemarkError } from '../../errors.js';

export type ClientTool = 'pg_dump' | 'pg_restore';

/** A client program that was found and answers. */
export interface PostgresClient {
  readonly tool: ClientTool;
  readonly path: string;
  /** `15.20` */
  readonly version: string;
  readonly major: number;
}

export interface FindOptions {
  /** The configured folder; then only it is looked at. */
  readonly folder?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where systems keep several major versions side by side: a folder, and what leads from a version to its programs. */
const VERSIONED: readonly (readonly [string, RegExp, string])[] = [
  ['/usr/lib/postgresql', /^\d+$/, 'bin'],
  ['/usr', /^pgsql-\d+$/, 'bin'],
  ['/opt/homebrew/opt', /^(?:postgresql|libpq)(?:@\d+)?$/, 'bin'],
  ['/usr/local/opt', /^(?:postgresql|libpq)(?:@\d+)?$/, 'bin'],
  ['/Library/PostgreSQL', /^\d+$/, 'bin'],
  ['C:\\Program Files\\PostgreSQL', /^\d+$/, 'bin'],
];

/**
 * Finds the client program for a server: of the same major version if there is one, else of the next newer one. An
 * older pg_dump refuses a newer server, and so does this, before anything is begun. Throws TidemarkError:
 * `client-missing`, `client-too-old`, with the package that brings it.
 *
 * @param major of the server, or for pg_restore of the pg_dump that wrote the archive
 */
export async function findClient(
  tool: ClientTool,
  major: number,
  options: FindOptions,
): Promise<PostgresClient> {
  const found: PostgresClient[] = [];
  for (const path of await candidates(tool, options)) {
    const client = await ask(tool, path);
    if (client === undefined) continue;
    if (client.major === major) return client;
    found.push(client);
  }
  const newer = found.filter((client) => client.major > major).sort((a, b) => a.major - b.major)[0];
  if (newer !== undefined) return newer;
  const newest = found.sort((a, b) => b.major - a.major)[0];
  const install = [
    `Install it: the package postgresql-client-${major} (Debian, Ubuntu), postgresql${major} (Fedora, from PostgreSQL's own repository) or postgresql@${major} (Homebrew).`,
    'Or name its folder: `clientFolder` under `backup` in the configuration.',
  ];
  if (newest === undefined) {
    const where = options.folder === undefined ? '' : ` in ${options.folder}`;
    throw new TidemarkError('client-missing', `there is no ${tool}${where} on this machine`, {
      hints: install,
    });
  }
  throw new TidemarkError(
    'client-too-old',
    `${newest.path} is version ${newest.version}, too old for PostgreSQL ${major}`,
    { hints: install, details: { path: newest.path, version: newest.version, needed: major } },
  );
}

async function candidates(tool: ClientTool, { folder, env }: FindOptions): Promise<string[]> {
  const file = process.platform === 'win32' ? `${tool}.exe` : tool;
  if (folder !== undefined) return [join(folder, file)];
  const versioned: string[] = [];
  for (const [root, pattern, rest] of VERSIONED) {
    const names = await readdir(root).catch(() => []);
    versioned.push(...names.filter((name) => pattern.test(name)).map((name) => join(root, name, rest, file)));
  }
  const onPath = (env.PATH ?? '').split(delimiter).filter((entry) => entry !== '');
  return [...new Set([...versioned, ...onPath.map((entry) => join(entry, file))])];
}

/** Undefined for what is not there or does not run. */
async function ask(tool: ClientTool, path: string): Promise<PostgresClient | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    const [, version, major] = /\(PostgreSQL\)\s+((\d+)[^\s]*)/.exec(stdout) ?? [];
    if (version === undefined) return undefined;
    return { tool, path, version, major: Number(major) };
  } catch {
    return undefined;
  }
}
