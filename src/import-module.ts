import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * Imports a module of the user's: JavaScript as Node does, TypeScript by Node's own type stripping where it
 * has that, else (and for syntax that stripping refuses) through jiti. `import … from 'tidemark'` inside it
 * finds this very package when the project has not installed it: run by npx, or from a clone.
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
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, {
    alias: { tidemark: ownEntry },
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

/** The package's entry, in the form this module itself is in: compiled, or source under the tests. */
const ownEntry = fileURLToPath(new URL(`./index${extname(import.meta.url)}`, import.meta.url));

function nodeStripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

function findsTidemark(file: string): boolean {
  try {
    createRequire(file).resolve('tidemark');
    return true;
  } catch {
    return false;
  }
}

/** Node warns about a package.json without `type` and about type stripping: neither is the user's concern here. */
async function withoutLoaderWarnings<T>(load: () => Promise<T>): Promise<T> {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const text = JSON.stringify([String(warning), ...rest]);
    if (/MODULE_TYPELESS_PACKAGE_JSON|type stripping/i.test(text)) return;
    (emitWarning as (...all: unknown[]) => void).call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return await load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
