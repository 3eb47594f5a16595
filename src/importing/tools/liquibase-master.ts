import { basename, dirname, join, relative, resolve } from 'node:path';
import { notFound, unsupported } from '../import-error.js';
import { isFile, isFolder, listSources, readSource, type SourceFile } from '../source-file.js';

const MASTERS = /^(?:db\.)?changelog(?:[-.]?(?:master|root))?\.(?:xml|ya?ml|json|sql)$/i;

/**
 * The SQL files of a project in the order in which they run. PATH is one of them, a master changelog of includes
 * (XML, YAML or JSON), or a folder: with a master in it, else with SQL files, which run by their names. Throws
 * TidemarkError (`import-not-found`, `import-unsupported`).
 */
export async function listChangelogs(path: string): Promise<string[]> {
  if (await isFile(path)) return follow(path, dirname(path), []);
  if (!(await isFolder(path))) {
    throw notFound(`there is no file or folder ${path}`, ['Give the changelog of Liquibase as PATH.']);
  }
  const names = await listSources(path, 'Liquibase');
  const master = names.find((name) => MASTERS.test(name));
  if (master !== undefined) return follow(join(path, master), path, []);
  const scripts = names.filter((name) => name.endsWith('.sql'));
  const formatted = [];
  for (const name of scripts) {
    const file = await readSource(join(path, name));
    if (/^\s*--\s*liquibase\s+formatted/i.test(file.text)) formatted.push(file.path);
  }
  if (formatted.length === 0) {
    throw notFound(`${path} holds no Liquibase changelog in formatted SQL`, [
      'Give the master changelog, or the folder of the files that begin with "--liquibase formatted sql".',
    ]);
  }
  return formatted;
}

async function follow(path: string, root: string, above: readonly string[]): Promise<string[]> {
  if (above.includes(path)) {
    throw unsupported(path, 1, 'changelogs include one another in a circle', [
      'Take one of the includes out.',
    ]);
  }
  if (path.endsWith('.sql')) return [path];
  const file = await readSource(path);
  const files: string[] = [];
  for (const include of includesOf(file)) {
    const found = await locate(include, path, root);
    if (include.all) {
      const inside = (await listSources(found, 'Liquibase')).filter((name) =>
        /\.(?:sql|xml|ya?ml|json)$/.test(name),
      );
      for (const name of inside) files.push(...(await follow(join(found, name), root, [...above, path])));
    } else files.push(...(await follow(found, root, [...above, path])));
  }
  return files;
}

interface Include {
  readonly target: string;
  readonly all: boolean;
  /** From the including file, not from the search path. */
  readonly relative: boolean;
  readonly line: number;
}

/** The includes of a master; a changeset of its own in another format than SQL cannot be read. */
function includesOf(file: SourceFile): Include[] {
  const { path, text } = file;
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const changeset = /<changeSet\b|"changeSet"\s*:|^\s*-\s*changeSet\s*:/m.exec(
    text.replace(/<!--[\s\S]*?-->/g, blank),
  );
  if (changeset !== null) {
    throw unsupported(
      path,
      lineOf(changeset.index),
      'a changeset that is not written in SQL cannot be converted',
      [
        'Let Liquibase write it as SQL (liquibase update-sql), put that into a formatted SQL file, and include this one.',
      ],
    );
  }
  if (/\.ya?ml$/i.test(path)) return yamlIncludes(text);
  if (/\.json$/i.test(path)) return jsonIncludes(file);
  const found = text.replace(/<!--[\s\S]*?-->/g, blank).matchAll(/<(include|includeAll)\b([^>]*)>/g);
  return [...found].map(({ 1: tag, 2: attributes, index }) => {
    const attribute = (name: string) =>
      new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(attributes!)?.slice(1).find(Boolean);
    return {
      target: attribute(tag === 'include' ? 'file' : 'path') ?? '',
      all: tag === 'includeAll',
      relative: attribute('relativeToChangelogFile') === 'true',
      line: lineOf(index),
    };
  });
}

/** Keeps the line numbers. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}

/** `- include:` or `- includeAll:` with its settings on the lines below, or in braces. */
function yamlIncludes(text: string): Include[] {
  const found: { target: string; all: boolean; relative: boolean; line: number }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [, tag] = /^\s*-\s*(include|includeAll)\s*:/.exec(line) ?? [];
    if (tag !== undefined)
      found.push({ target: '', all: tag === 'includeAll', relative: false, line: index + 1 });
    const last = found.at(-1);
    if (last === undefined || line.trimStart().startsWith('#')) continue;
    for (const [, name, value] of line.matchAll(
      /\b(file|path|relativeToChangelogFile)\s*:\s*("[^"]*"|'[^']*'|[^\s,}]+)/g,
    )) {
      const plain = value!.replace(/^["'](.*)["']$/, '$1');
      if (name === 'relativeToChangelogFile') last.relative = plain === 'true';
      else last.target = plain;
    }
  }
  return found;
}

interface JsonInclude {
  readonly file?: string;
  readonly path?: string;
  readonly relativeToChangelogFile?: boolean | string;
}

function jsonIncludes({ path, text }: SourceFile): Include[] {
  let entries: readonly { readonly include?: JsonInclude; readonly includeAll?: JsonInclude }[];
  try {
    entries = (JSON.parse(text) as { databaseChangeLog?: typeof entries }).databaseChangeLog ?? [];
  } catch (error) {
    throw unsupported(path, 1, `it is not JSON (${error instanceof Error ? error.message : error})`, []);
  }
  return entries.flatMap(({ include, includeAll }) => {
    const entry = include ?? includeAll;
    if (entry === undefined) return [];
    const target = entry.file ?? entry.path ?? '';
    const line = text.slice(0, Math.max(0, text.indexOf(JSON.stringify(target)))).split('\n').length;
    return [
      {
        target,
        all: include === undefined,
        relative: String(entry.relativeToChangelogFile) === 'true',
        line,
      },
    ];
  });
}

/**
 * From the including file, else from a search path, which is not in the file: the folder of the master, or one above
 * it from which the include's first folder leads to the master.
 */
async function locate(include: Include, from: string, root: string): Promise<string> {
  const target = include.target.replace(/^classpath:/, '').replace(/^\//, '');
  const exists = include.all ? isFolder : isFile;
  const [first] = target.split('/');
  const candidates = include.relative ? [join(dirname(from), target)] : [join(root, target)];
  for (
    let folder = resolve(root);
    !include.relative && folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    if (basename(folder) === first) candidates.push(join(dirname(folder), target));
  }
  for (const candidate of candidates) if (target !== '' && (await exists(candidate))) return candidate;
  throw unsupported(
    from,
    include.line,
    `${relative(root, from)} includes ${include.target || 'nothing'}, which is not there`,
    [
      'Correct the include; without relativeToChangelogFile its path begins in the folder of the master, or in one above it that the path leads through.',
    ],
  );
}
