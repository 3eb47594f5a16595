import { TidemarkError } from '../../errors.js';

/** What a version file of Alembic says about its place in the history. */
export interface VersionFile {
  readonly path: string;
  readonly revision: string;
  readonly parents: readonly string[];
  readonly dependsOn: readonly string[];
  readonly labels: readonly string[];
  /** The first paragraph of its docstring, on one line; may be empty. */
  readonly message: string;
}

/** What Python can have assigned there. `undefined` stands for what cannot be told without running it. */
type Value = string | null | readonly Value[] | undefined;

const NAMES = new Set(['revision', 'down_revision', 'depends_on', 'branch_labels']);

/**
 * Reads the assignments at the top level of a version file without running it: strings (adjacent ones, every
 * prefix but `f`, triple quotes), tuples, lists, sets, None, parentheses, names assigned before, with or without
 * annotations, over several lines. Throws TidemarkError (`import-unsupported`) for one whose place in the history
 * is computed, or that has no revision.
 */
export function readVersionFile(text: string, path: string): VersionFile {
  const values = new Map<string, { readonly value: Value; readonly line: number }>();
  let docstring: string | undefined;
  for (const [index, statement] of topLevelStatements(tokens(text, path)).entries()) {
    if (index === 0 && statement.every((token) => token.kind === 'string')) docstring = joined(statement);
    const assigned = assignment(statement);
    if (assigned === undefined) continue;
    const known = (name: string): Value => values.get(name)?.value;
    const value = readValue(assigned.tokens, known);
    const line = assigned.tokens[0]?.line ?? 1;
    for (const name of assigned.names) values.set(name, { value, line });
  }
  const texts = (name: string): string[] => {
    const found = values.get(name);
    const flat = found === undefined ? [] : flatten(found.value);
    if (flat === undefined) throw computed(path, found?.line ?? 1, name);
    return flat;
  };
  const [revision, ...more] = texts('revision');
  if (revision === undefined || more.length > 0) {
    throw new TidemarkError('import-unsupported', `${path} has no revision`, {
      location: { file: path, line: values.get('revision')?.line ?? 1 },
      hints: ["Write `revision = '...'` at its top level, or move the file out of the folder of versions."],
    });
  }
  return {
    path,
    revision,
    parents: texts('down_revision'),
    dependsOn: texts('depends_on'),
    labels: texts('branch_labels'),
    message: (docstring ?? '')
      .trim()
      .split(/\r?\n[ \t]*\r?\n/, 1)
      .join('')
      .replace(/\s+/g, ' '),
  };
}

function computed(path: string, line: number, name: string): TidemarkError {
  return new TidemarkError('import-unsupported', `${path}: ${name} is computed`, {
    location: { file: path, line },
    hints: [`Write the value of ${name} as plain text, as "alembic revision" does.`],
  });
}

function flatten(value: Value): string[] | undefined {
  if (value === undefined) return undefined;
  if (value === null) return [];
  if (typeof value === 'string') return [value];
  const parts = value.map(flatten);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

interface Token {
  /** `end`: the end of a logical line. */
  readonly kind: 'string' | 'name' | 'sign' | 'other' | 'end';
  /** A string's value; undefined for one with parts that are computed. */
  readonly text: string | undefined;
  readonly line: number;
  /** True for the first on its line when nothing stands before it. */
  readonly atMargin: boolean;
}

const STRING_START = /(?:[rbuft]|rb|br|fr|rf|tr|rt)?(?:'''|"""|'|")/iy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const SIGN = /\*\*=|\/\/=|>>=|<<=|[!=<>:+\-*/%&|^@]=|->|[()[\]{},:;=.+*|]/y;

/** Python's tokens, as far as assignments of texts need them. */
function* tokens(text: string, path: string): Generator<Token> {
  let line = 1;
  let depth = 0;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let lineStart = at;
  let open = false; // the logical line holds something
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const here = text[at] ?? '';
    if (here === '\n') {
      if (depth === 0 && open) yield { kind: 'end', text: undefined, line, atMargin: false };
      if (depth === 0) open = false;
      line++;
      lineStart = ++at;
      continue;
    }
    if (here === '#') {
      while (at < text.length && text[at] !== '\n') at++;
      continue;
    }
    if (here === '\\' && /^\r?\n/.test(text.slice(at + 1, at + 3))) {
      at = text.indexOf('\n', at) + 1;
      line++;
      continue;
    }
    if (/\s/.test(here)) {
      at++;
      continue;
    }
    const atMargin = !open && at === lineStart;
    open = true;
    const start = match(STRING_START);
    if (start !== undefined) {
      const read = readString(text, at, start);
      if (read === undefined) {
        throw new TidemarkError('import-unsupported', `${path} holds a string that does not end`, {
          location: { file: path, line },
        });
      }
      yield { kind: 'string', text: read.value, line, atMargin };
      line += text.slice(at, read.end).split('\n').length - 1;
      at = read.end;
      continue;
    }
    const name = match(NAME);
    const sign = name === undefined ? match(SIGN) : undefined;
    const word = name ?? sign ?? here;
    if (/^[([{]$/.test(word)) depth++;
    if (/^[)\]}]$/.test(word)) depth = Math.max(0, depth - 1);
    const kind = name !== undefined ? 'name' : sign !== undefined ? 'sign' : 'other';
    yield { kind, text: word, line, atMargin };
    at += word.length;
  }
  if (open) yield { kind: 'end', text: undefined, line, atMargin: false };
}

function readString(
  text: string,
  at: number,
  start: string,
): { readonly value: string | undefined; readonly end: number } | undefined {
  const quote = /['"]+$/.exec(start)?.[0] ?? '';
  const prefix = start.slice(0, -quote.length).toLowerCase();
  const raw = prefix.includes('r');
  let value = '';
  for (let i = at + start.length; i < text.length; ) {
    if (text.startsWith(quote, i)) {
      return { value: /[ft]/.test(prefix) ? undefined : value, end: i + quote.length };
    }
    if (text[i] === '\\') {
      const sequence = /\\(?:\r?\n|[0-7]{1,3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)/sy;
      sequence.lastIndex = i;
      const found = sequence.exec(text)?.[0] ?? '\\';
      value += raw ? found : unescaped(found);
      i += found.length;
      continue;
    }
    if (quote.length === 1 && text[i] === '\n') return undefined;
    value += text[i++];
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

function unescaped(sequence: string): string {
  const body = sequence.slice(1);
  if (/^\r?\n$/.test(body)) return '';
  if (/^[0-7]/.test(body)) return String.fromCodePoint(Number.parseInt(body, 8));
  if (/^[xuU]./.test(body)) return String.fromCodePoint(Number.parseInt(body.slice(1), 16));
  return ESCAPES[body] ?? sequence;
}

/** The statements that stand at the margin, each without what is indented below it. */
function topLevelStatements(all: Iterable<Token>): Token[][] {
  const statements: Token[][] = [];
  let current: Token[] = [];
  let depth = 0;
  const end = (): void => {
    if (current[0]?.atMargin === true || current[0] === SEMICOLON_MARK) {
      statements.push(current.filter((token) => token !== SEMICOLON_MARK));
    }
    current = [];
  };
  for (const token of all) {
    if (token.kind === 'sign' && /^[([{]$/.test(token.text ?? '')) depth++;
    if (token.kind === 'sign' && /^[)\]}]$/.test(token.text ?? '')) depth--;
    if (token.kind === 'end') end();
    else if (depth === 0 && token.kind === 'sign' && token.text === ';') {
      const atTop = current[0]?.atMargin === true || current[0] === SEMICOLON_MARK;
      end();
      if (atTop) current.push(SEMICOLON_MARK);
    } else current.push(token);
  }
  return statements;
}

/** Stands for the margin after `a = 1;`. */
const SEMICOLON_MARK: Token = { kind: 'other', text: ';', line: 0, atMargin: true };

/** `a = b = value` and `a: annotation = value`, when one of the names matters or may be used by one that does. */
function assignment(
  statement: readonly Token[],
): { readonly names: readonly string[]; readonly tokens: readonly Token[] } | undefined {
  const names: string[] = [];
  let rest = statement;
  for (;;) {
    const [name, next] = rest;
    if (name?.kind !== 'name' || name.text === undefined) break;
    if (isSign(next, ':') && names.length === 0) {
      const equals = indexAtDepthZero(rest, '=');
      if (equals === -1) return undefined;
      return { names: [name.text], tokens: rest.slice(equals + 1) };
    }
    if (!isSign(next, '=')) break;
    names.push(name.text);
    rest = rest.slice(2);
  }
  if (names.length > 0) return { names, tokens: rest };
  const changed = statement[0]?.text;
  // `depends_on += ...` and the like: there is no telling any more.
  if (changed !== undefined && NAMES.has(changed) && /^.+=$/.test(statement[1]?.text ?? '')) {
    return { names: [changed], tokens: [] };
  }
  return undefined;
}

function isSign(token: Token | undefined, text: string): boolean {
  return token?.kind === 'sign' && token.text === text;
}

function indexAtDepthZero(all: readonly Token[], text: string): number {
  let depth = 0;
  return all.findIndex((token) => {
    if (token.kind !== 'sign') return false;
    if (depth === 0 && token.text === text) return true;
    if (/^[([{]$/.test(token.text ?? '')) depth++;
    if (/^[)\]}]$/.test(token.text ?? '')) depth--;
    return false;
  });
}

function readValue(all: readonly Token[], known: (name: string) => Value): Value {
  const [first] = all;
  if (first === undefined) return undefined;
  if (indexAtDepthZero(all, ',') !== -1) return readList(all, known);
  if (all.every((token) => token.kind === 'string')) return joined(all);
  if (all.length === 1 && first.kind === 'name')
    return first.text === 'None' ? null : known(first.text ?? '');
  const last = all.at(-1);
  const inner = all.slice(1, -1);
  if (isSign(first, '(') && isSign(last, ')')) return inner.length === 0 ? [] : readValue(inner, known);
  if ((isSign(first, '[') && isSign(last, ']')) || (isSign(first, '{') && isSign(last, '}'))) {
    return readList(inner, known);
  }
  return undefined;
}

function readList(all: readonly Token[], known: (name: string) => Value): Value {
  const items: Value[] = [];
  let rest = all;
  while (rest.length > 0) {
    const comma = indexAtDepthZero(rest, ',');
    items.push(readValue(comma === -1 ? rest : rest.slice(0, comma), known));
    rest = comma === -1 ? [] : rest.slice(comma + 1);
  }
  return items;
}

function joined(strings: readonly Token[]): string | undefined {
  let value = '';
  for (const { text } of strings) {
    if (text === undefined) return undefined;
    value += text;
  }
  return value;
}
