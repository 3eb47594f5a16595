import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Imports a module of the user's: JavaScript as Node does, TypeScript by Node's own type stripping where it
 * has that, else as the JavaScript that it often is, else (and for syntax that stripping refuses) through
 * jiti. `import … from 'tidemark'` inside it finds this very package when the project has not installed it:
 * run by npx, or from a clone.
 * Gives the module's exports; what the module throws passes through.
 *
 * @param version a word for the text of the file: the same file with another one is loaded again
 */
export async function importModule(file: string, version?: string): Promise<Record<string, unknown>> {
  const typescript = /\.[cm]?ts$/.test(file);
  const native = !typescript || nodeStripsTypes();
  if (native && findsTidemark(file)) {
    try {
      return await withoutLoaderWarnings(
        () => import(pathToFileURL(file).href + (version === undefined ? '' : `?${version}`)),
      );
    } catch (error) {
      if (!typescript || !needsJiti.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  if (/\.m?ts$/.test(file) && !native) {
    const exports = await importAsJavaScript(file, version);
    if (exports !== undefined) return exports;
  }
  const [{ createJiti }, { cacheFolder }] = await Promise.all([
    import('jiti'),
    import('./database/cache-folder.js'),
  ]);
  const folder = await cacheFolder();
  const jiti = createJiti(import.meta.url, {
    alias: { tidemark: ownEntry },
    // Its own choice may be a folder in /tmp that anybody can fill with code.
    fsCache: folder === undefined ? false : join(folder, 'jiti'),
    interopDefault: false,
    moduleCache: version === undefined,
  });
  return jiti.import(file);
}

/** What Node's type stripping answers to TypeScript that is fine for everybody else. */
const needsJiti = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', // enums, parameter properties, namespaces
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_MODULE_NOT_FOUND', // imports without an extension, or with `.js` for a `.ts` file
  'ERR_UNSUPPORTED_DIR_IMPORT',
]);

/** What means something else in TypeScript than in JavaScript, or in another place than its file. */
const NOT_PLAIN = /[\w$)\]]\s*<|\bimport\s*\(|\bimport\.meta\b|\brequire\b|\b__(?:dir|file)name\b/;

/**
 * Imports TypeScript without types, which is what most configurations are: loading jiti takes nearly as long
 * as Node itself. Undefined when it is not that simple, or when the module fails: then jiti runs it (again),
 * and what is wrong with it is told as always.
 */
async function importAsJavaScript(file: string, version = ''): Promise<Record<string, unknown> | undefined> {
  const text = readFileSync(file, 'utf8');
  if (NOT_PLAIN.test(text)) return undefined;
  const entry = resolveTidemark(file) ?? ownEntry;
  const code = text.replace(/\bfrom\s*(['"])tidemark\1/g, `from '${pathToFileURL(entry).href}'`);
  const named = `${code}\n//${version}\n//# sourceURL=${pathToFileURL(file).href}\n`;
  try {
    return await import(`data:text/javascript,${encodeURIComponent(named)}`);
  } catch {
    return undefined;
  }
}

/** The package's entry, in the form this module itself is in: compiled, or source under the tests. */
const ownEntry = fileURLToPath(new URL(`./index${extname(import.meta.url)}`, import.meta.url));

function nodeStripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

function findsTidemark(file: string): boolean {
  return resolveTidemark(file) !== undefined;
}

function resolveTidemark(file: string): string | undefined {
  try {
    return createRequire(file).resolve('tidemark');
  } catch {
    return undefined;
  }
}

/**
 * Node warns about a package.json without `type` and about type stripping: neither is the user's concern here.
 * Modules that load at the same time share the one change to the process, and the last takes it back.
 */
async function withoutLoaderWarnings<T>(load: () => Promise<T>): Promise<T> {
  if (loading.count === 0) {
    const { emitWarning } = process;
    loading.restore = () => {
      process.emitWarning = emitWarning;
    };
    process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
      const text = JSON.stringify([String(warning), ...rest]);
      if (/MODULE_TYPELESS_PACKAGE_JSON|type stripping/i.test(text)) return;
      (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest);
    }) as typeof process.emitWarning;
  }
  loading.count += 1;
  try {
    return await load();
  } finally {
    loading.count -= 1;
    if (loading.count === 0) loading.restore();
  }
}

const loading = { count: 0, restore: () => {} };
