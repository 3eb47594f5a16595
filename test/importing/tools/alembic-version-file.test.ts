import { describe, expect, test } from 'vitest';
import type { TidemarkError } from '../../../src/errors.js';
import { readAlembicGraph } from '../../../src/importing/tools/alembic-graph.js';
import { readVersionFile, type VersionFile } from '../../../src/importing/tools/alembic-version-file.js';

function read(...lines: readonly string[]): VersionFile {
  return readVersionFile(lines.join('\n'), 'x.py');
}

function refused(work: () => unknown): TidemarkError {
  try {
    work();
  } catch (error) {
    return error as TidemarkError;
  }
  throw new Error('it was not refused');
}

describe('reading a version file', () => {
  const cases: readonly [string, string, readonly string[]][] = [
    ['a text', `down_revision = 'a'`, ['a']],
    ['none', 'down_revision = None', []],
    ['nothing at all', '', []],
    ['an annotation', 'down_revision: Union[str, Sequence[str], None] = "a"', ['a']],
    ['an annotation with a text in it', 'down_revision: "str | None" = "a"', ['a']],
    ['a tuple', 'down_revision = ("a", "b")', ['a', 'b']],
    ['a tuple without parentheses', 'down_revision = "a", "b"', ['a', 'b']],
    ['a tuple of one', 'down_revision = ("a",)', ['a']],
    ['parentheses that make no tuple', 'down_revision = (("a"))', ['a']],
    ['a list over lines with comments', 'down_revision = [\n  "a",  # ")]\n\n  "b",\n]', ['a', 'b']],
    ['a set', "down_revision = {'a'}", ['a']],
    ['adjacent strings', `down_revision = 'a' "b" r'''c'''`, ['abc']],
    ['a continued line', "down_revision = \\\n  'a'", ['a']],
    [
      'escapes',
      String.raw`down_revision = '\x61\u0062\'\
c'`,
      ["ab'c"],
    ],
    ['a raw string', String.raw`down_revision = r'\x61'`, [String.raw`\x61`]],
    ['several names', "one = down_revision = 'a'", ['a']],
    ['a name assigned before', "parent = 'a'\ndown_revision = parent", ['a']],
    ['a semicolon', "x = 1; down_revision = 'a'; y = 2", ['a']],
    ['the last of two', "down_revision = 'a'\ndown_revision = 'b'", ['b']],
    ['no other line than its own', '# down_revision = \'a\'\ntext = """\ndown_revision = \'b\'\n"""', []],
    ['nothing that is indented', "def f():\n    down_revision = 'a'\nif x:\n\tdown_revision = 'b'", []],
    ['nothing in brackets', "f(\ndown_revision='a'\n)", []],
    ['CRLF and a byte order mark', "down_revision = (\r\n'a',\r\n)\r\n", ['a']],
    ['unicode', "down_revision = 'Straße_日本'", ['Straße_日本']],
    ['an f-string elsewhere', `name = f"{x!r:>{width}}"\ndown_revision = 'a'`, ['a']],
  ];
  test.each(cases)('%s', (_, text, parents) => {
    expect(read('\uFEFF"""doc"""', text, 'revision = "x"').parents).toEqual(parents);
  });

  test('all of it, and the first paragraph of its docstring', () => {
    const text = [
      'u"""Add; "users"',
      '  and more',
      '',
      'Revision ID: x"""',
      'revision: str = "x"',
      'branch_labels = ("one", "two")',
      'depends_on = "y"',
    ];
    expect(read(...text)).toEqual({
      path: 'x.py',
      revision: 'x',
      parents: [],
      dependsOn: ['y'],
      labels: ['one', 'two'],
      message: 'Add; "users" and more',
    });
    expect(read('x = """no docstring"""', 'revision = "x"').message).toBe('');
  });

  test('what is computed is refused with its place, not guessed', () => {
    const computed = [
      'down_revision = parent()',
      'down_revision = f"{x}"',
      'down_revision = "a" + "b"',
      'down_revision = ("a",) + ("b",)',
      'down_revision = ["a"]\ndown_revision += ["b"]',
      'down_revision = unknown',
      'down_revision = 5',
      'down_revision = "a" if x else "b"',
      'down_revision = "a".lower()',
    ];
    for (const text of computed) {
      const error = refused(() => read('revision = "x"', text));
      expect(error, text).toMatchObject({ code: 'import-unsupported', location: { file: 'x.py' } });
      expect(error.message).toBe('x.py: down_revision is computed');
    }
    expect(refused(() => read('revision = "x"', '', 'down_revision = f()')).location?.line).toBe(3);
    expect(refused(() => read('down_revision = None')).message).toBe('x.py has no revision');
    expect(refused(() => read('revision = "x', 'y"')).message).toContain('a string that does not end');
  });
});

describe('the graph of version files', () => {
  const file = (revision: string, parents: string[], more: Partial<VersionFile> = {}): VersionFile => ({
    path: `${revision}.py`,
    revision,
    parents,
    dependsOn: [],
    labels: [],
    message: '',
    ...more,
  });

  test('puts parents and dependencies first, else keeps the order of the files', () => {
    const files = [
      file('merge', ['b', 'c']),
      file('c', ['a'], { dependsOn: ['side'] }),
      file('b', ['a']),
      file('a', []),
      file('z', [], { labels: ['side'] }),
    ];
    const graph = readAlembicGraph(files);
    expect(graph.map(({ revision }) => revision)).toEqual(['a', 'b', 'z', 'c', 'merge']);
    expect(graph.find(({ revision }) => revision === 'c')?.dependsOn).toEqual(['z']);
  });

  test('refuses what Alembic cannot load either, and says where', () => {
    const messages = [
      [[file('a', []), file('a', [])], /two version files have the revision a: a\.py and a\.py/],
      [[file('a', ['gone'])], /a\.py has down_revision gone, and no version file/],
      [[file('a', [], { dependsOn: ['gone'] })], /a\.py has depends_on gone/],
      [[file('a', ['a'])], /in a circle: a -> a/],
      [[file('a', ['c']), file('b', ['a']), file('c', ['b'])], /in a circle: a -> c -> b -> a/],
      [[file('a', [], { dependsOn: ['b'] }), file('b', ['a'])], /in a circle/],
      [
        [file('a', [], { labels: ['l'] }), file('b', [], { labels: ['l'] })],
        /label l in b\.py is already used by a\.py/,
      ],
      [[file('a', []), file('b', [], { labels: ['a'] })], /label a in b\.py/],
    ] as const;
    for (const [files, message] of messages) {
      const error = refused(() => readAlembicGraph(files));
      expect(error).toMatchObject({ code: 'import-unsupported', exitCode: 1 });
      expect(error.message).toMatch(message);
      expect(error.location?.file).toMatch(/\.py$/);
    }
  });

  test('10,000 revisions are put in order', () => {
    const files = Array.from({ length: 10_000 }, (_, at) =>
      file(`r${at}`, at === 0 ? [] : [`r${at - 1}`]),
    ).reverse();
    const graph = readAlembicGraph(files);
    expect(graph[0]?.revision).toBe('r0');
    expect(graph.at(-1)?.revision).toBe('r9999');
  });
});
