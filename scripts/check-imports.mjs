// Keeps the direction of imports in src/: downwards only, and no file in a circle. Run by `npm run check`.
//
//   node scripts/check-imports.mjs [FOLDER]
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Each part of src/ and the parts it may import; those of `openToAll` besides. */
const below = {
  errors: [],
  suggest: [],
  // Types alone: the project checks them, backups work with them.
  'backup-config': [],
  'import-module': ['database'],
  database: [],
  schema: ['database'],
  safety: ['schema', 'database'],
  migrations: ['schema', 'database'],
  backup: ['migrations', 'postgres', 'sqlite', 'schema', 'database'],
  planning: ['migrations', 'safety', 'schema', 'database'],
  importing: ['planning', 'migrations', 'safety', 'schema', 'database'],
  project: ['database'],
  postgres: ['schema', 'database'],
  sqlite: ['schema', 'database'],
  dialects: ['postgres', 'sqlite', 'schema', 'database'],
  // What only one engine knows (a check, a reset) is asked of that engine; the dialect is picked in dialects.ts.
  cli: [
    'library',
    'dialects',
    'postgres',
    'sqlite',
    'project',
    'importing',
    'planning',
    'migrations',
    'backup',
    'safety',
    'schema',
    'database',
  ],
  library: [
    'dialects',
    'sqlite',
    'project',
    'importing',
    'planning',
    'migrations',
    'backup',
    'safety',
    'schema',
    'database',
  ],
  index: [
    'library',
    'dialects',
    'project',
    'importing',
    'planning',
    'migrations',
    'backup',
    'safety',
    'schema',
    'database',
  ],
};
const openToAll = ['errors', 'suggest', 'import-module', 'backup-config'];

/** Values in, values out: these import nothing but each other and other values. */
const pure = [/^schema\//, /^migrations\/graph\.ts$/, /^backup\/retention\.ts$/];

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../src', import.meta.url)));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.ts'))
  .sort();
const imports = new Map(files.map((file) => [file, importsOf(file)]));
const complaints = [...files.flatMap(wrongDirections), ...circles()];

for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) {
  console.error(
    `\n${complaints.length} wrong import(s); the rule is in docs/architecture.md and ${relative(process.cwd(), fileURLToPath(import.meta.url))}`,
  );
  process.exit(1);
}
console.log(`${files.length} files import downwards only`);

/**
 * The modules that a file names. `to` is a path below the root, or a package as it is written; `runsFirst`:
 * that module runs before this one.
 */
function importsOf(file) {
  const comment = /^\s*(?:\/\/|\/?\*).*$/gm;
  const source = readFileSync(join(root, file), 'utf8').replace(comment, (text) =>
    text.replace(/[^\n]/g, ' '),
  );
  const found = [];
  const patterns = [
    [/^(?:import|export)\s(?:[^;'"]*?\sfrom\s)?['"]([^'"]+)['"]/gm, (text) => !/^\w+\stype\s/.test(text)],
    [/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g, () => false],
  ];
  for (const [pattern, runsFirst] of patterns) {
    for (const match of source.matchAll(pattern)) {
      const line = source.slice(0, match.index + match[0].indexOf(match[1])).split('\n').length;
      found.push({ to: target(file, match[1]), line, runsFirst: runsFirst(match[0]) });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

function target(from, specifier) {
  if (!specifier.startsWith('.')) return specifier;
  const path = relative(root, resolve(root, dirname(from), specifier))
    .split(sep)
    .join('/');
  return path.replace(/\.js$/, '.ts');
}

/** `schema/diff.ts` is in `schema`, `errors.ts` in `errors`; undefined for packages. */
function partOf(path) {
  const name = path.split('/')[0].replace(/\.ts$/, '');
  return path.endsWith('.ts') ? name : undefined;
}

function wrongDirections(file) {
  const part = partOf(file);
  const allowed = below[part];
  if (allowed === undefined) return [`src/${file}:1: "${part}" has no place in the order of imports yet`];
  return imports.get(file).flatMap(({ to, line }) => {
    const at = `src/${file}:${line}`;
    const other = partOf(to);
    if (other === undefined) {
      return pure.some((pattern) => pattern.test(file)) ? [`${at}: imports ${to}, but is to be pure`] : [];
    }
    if (to.startsWith('../')) return [`${at}: imports ${to} from outside src`];
    if (other === part || allowed.includes(other) || openToAll.includes(other)) return [];
    const may = [...allowed, ...openToAll].filter((name) => name !== part).join(', ');
    return [`${at}: ${part} imports ${other} (src/${to}), which is not below it; it may import ${may}`];
  });
}

/** One complaint for each circle of files. Types are erased and an import() runs later: they close none. */
function circles() {
  const found = [];
  const state = new Map();
  const path = [];
  const visit = (file) => {
    if (state.get(file) === 'done' || !imports.has(file)) return;
    if (state.get(file) === 'open') {
      const circle = [...path.slice(path.indexOf(file)), file];
      found.push(`src/${file}:1: imports itself in a circle: ${circle.join(' -> ')}`);
      return;
    }
    state.set(file, 'open');
    path.push(file);
    for (const { to, runsFirst } of imports.get(file)) if (runsFirst) visit(to);
    path.pop();
    state.set(file, 'done');
  };
  for (const file of files) visit(file);
  return found;
}
