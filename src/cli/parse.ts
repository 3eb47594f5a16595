import { parseArgs } from 'node:util';
import { TidemarkError } from '../errors.js';
import { didYouMean, nearest } from '../suggest.js';
import type { Argument, Command, Group, Option, Options } from './command.js';
import { globalOptions } from './global-options.js';
import { knownElsewhere } from './other-words.js';
import { type OptionValues, ParsedOptions } from './parsed-options.js';

/** What the user asked for. */
export type Invocation =
  | { readonly kind: 'version' }
  /** Help for the whole tool (no words), a group, or a command. `asked` is false when a group stood alone. */
  | { readonly kind: 'help'; readonly words: readonly string[]; readonly asked: boolean }
  | {
      readonly kind: 'run';
      readonly command: Command;
      readonly arguments: ReadonlyMap<string, readonly string[]>;
      readonly options: ParsedOptions;
    };

export interface CommandTable {
  readonly commands: readonly Command[];
  readonly groups: readonly Group[];
}

type Token = { name: string; rawName: string; value: string | undefined; inlineValue: boolean | undefined };

/**
 * Reads a command line (without `node` and the script). Options may stand anywhere, also before the command.
 * Throws TidemarkError `usage` (exit code 2) for what it cannot make sense of.
 */
export function parseCommandLine(
  argv: readonly string[],
  { commands, groups }: CommandTable,
  env: Readonly<Record<string, string | undefined>> = {},
): Invocation {
  const { given, words } = tokenize(argv, commands);
  const has = (name: string) => given.some((token) => token.name === name);
  if (has('version')) return { kind: 'version' };
  const asksHelp = has('help') || words[0] === 'help' || words.length === 0;
  const path = words[0] === 'help' ? words.slice(1) : words;
  const command = commandOf(path, commands);
  if (command === undefined) {
    const isGroup = path.length === 1 && groups.some((group) => group.name === path[0]);
    if (path.length > 0 && !isGroup) throw unknownCommand(path, commands, groups);
    if (!asksHelp || given.length === 0) return { kind: 'help', words: path, asked: asksHelp };
    for (const token of given) checkKnown(token, globalOptions, path.join(' '), commands);
    return { kind: 'help', words: path, asked: true };
  }
  if (asksHelp) return { kind: 'help', words: command.path, asked: true };
  const known = { ...globalOptions, ...command.options };
  const values: OptionValues = new Map();
  for (const token of given) store(token, known, command, commands, values);
  const options = new ParsedOptions(known, values, env);
  return {
    kind: 'run',
    command,
    arguments: takeArguments(path.slice(command.path.length), command),
    options,
  };
}

/** True when the line asks for JSON, also when it is otherwise wrong: the complaint is then JSON too. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** Marks an argument such as `-1`, which parseArgs would take for options. NUL cannot occur in an argument. */
const NUMBER_MARK = '\0';

interface Tokens {
  readonly given: Token[];
  readonly words: string[];
}

/** `--force` takes a name with one command and nothing with another: which it is, is read first. */
function tokenize(argv: readonly string[], commands: readonly Command[]): Tokens {
  const first = tokenizeWith(argv, commands);
  const command = commandOf(first.words, commands);
  return command === undefined ? first : tokenizeWith(argv, [...commands, command]);
}

function commandOf(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands.find(({ path }) => path.every((word, i) => words[i] === word));
}

/** A later command's options have precedence. */
function tokenizeWith(argv: readonly string[], commands: readonly Command[]): Tokens {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string }> = {};
  for (const table of [globalOptions, ...commands.map((command) => command.options ?? {})]) {
    for (const [name, { type, short }] of Object.entries(table)) {
      options[name] = { type: type === 'flag' ? 'boolean' : 'string', ...(short && { short }) };
    }
  }
  const args = argv.map((arg) => (/^-\d+(?::|$)/.test(arg) ? NUMBER_MARK + arg : arg));
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  const given: Token[] = [];
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(unmark(token.value));
    else if (token.kind === 'option') given.push({ ...token, value: givenValue(token) });
  }
  return { given, words };
}

/** `-r=1:2` is `-r 1:2`, as it is in other tools: no value of a short option begins with `=`. */
function givenValue({ rawName, value, inlineValue }: Pick<Token, 'rawName' | 'value' | 'inlineValue'>) {
  if (value === undefined) return undefined;
  return inlineValue && !rawName.startsWith('--') ? value.replace(/^=/, '') : unmark(value);
}

function unmark(text: string): string {
  return text.startsWith(NUMBER_MARK) ? text.slice(1) : text;
}

function store(
  token: Token,
  known: Options,
  command: Command,
  all: readonly Command[],
  values: OptionValues,
): void {
  const negated = token.name.startsWith('no-') && known[token.name.slice(3)]?.type === 'flag';
  if (!negated) checkKnown(token, known, command.path.join(' '), all);
  const name = negated ? token.name.slice(3) : token.name;
  const option = known[name]!;
  const spelled = token.rawName;
  if (option.type === 'flag') {
    if (token.value !== undefined) throw usage(`${spelled} takes no value`, command);
    values.set(name, [String(!negated)]);
    return;
  }
  const { value } = token;
  // `--env --json` is a forgotten value; a value that really begins with a dash is written --env=-x.
  const isOption = value?.startsWith(option.dashed ? '--' : '-') && !/^-\d+$/.test(value);
  if (value === undefined || (isOption && !token.inlineValue))
    throw usage(`${spelled} needs a value: ${spelled} ${option.value ?? 'VALUE'}`, command);
  checkValue(spelled, value, option, command);
  values.set(name, [...(option.type === 'list' ? (values.get(name) ?? []) : []), value]);
}

function checkValue(spelled: string, value: string, option: Option, command: Command): void {
  if (value === '') throw usage(`${spelled} needs a value that is not empty`, command);
  if (option.choices && !option.choices.includes(value)) {
    const guess = didYouMean(value, option.choices);
    throw usage(`${spelled} must be one of ${option.choices.join(', ')}, not "${value}"${guess}`, command);
  }
  if (option.type === 'duration' && !ParsedOptions.isDuration(value))
    throw usage(`${spelled} must be a time such as 500ms, 10s or 2m, not "${value}"`, command);
}

function checkKnown(token: Token, known: Options, path: string, commands: readonly Command[]): void {
  if (Object.hasOwn(known, token.name)) return;
  const owners = commands.filter(({ options }) => options && Object.hasOwn(options, token.name));
  const names = Object.keys(known).map((name) => `--${name}`);
  const guess = token.rawName.startsWith('--') ? didYouMean(token.rawName, names, (name) => name) : '';
  const hints = owners.map((owner) => `It is an option of \`tidemark ${owner.path.join(' ')}\`.`);
  throw new TidemarkError('usage', `unknown option ${token.rawName}${guess}`, {
    exitCode: 2,
    hints: [...hints, helpHint(path)],
  });
}

function takeArguments(words: readonly string[], command: Command): Map<string, readonly string[]> {
  const known = command.arguments ?? [];
  const extra = words[known.length];
  const last = known.at(-1);
  if (extra !== undefined && last?.several !== true) {
    const takes =
      known.length === 0 ? 'takes no arguments' : `takes at most ${known.map((a) => a.name).join(' ')}`;
    throw usage(
      `"${extra}" is one argument too many: \`tidemark ${command.path.join(' ')}\` ${takes}`,
      command,
    );
  }
  const missing = known.find((argument, i) => argument.required && !words[i]);
  if (missing) throw usage(`${missing.name} is missing: ${missing.summary}`, command);
  const own = (argument: Argument, i: number) => (argument.several ? words.slice(i) : words.slice(i, i + 1));
  return new Map(known.slice(0, words.length).map((argument, i) => [argument.name, own(argument, i)]));
}

function unknownCommand(
  path: readonly string[],
  commands: readonly Command[],
  groups: readonly Group[],
): TidemarkError {
  const group = groups.find(({ name }) => name === path[0]);
  const asked = (group ? path.slice(0, 2) : path.slice(0, 1)).join(' ');
  // `tidemark up` and `tidemark migrate chek` are both near some command, by its last word or its whole path.
  const byWord = commands
    .filter((command) => command.path.at(-1) === path[0])
    .map(({ path: p }) => p.join(' '));
  const near = nearest(asked, [
    ...commands.map(({ path: p }) => p.join(' ')),
    ...groups.map(({ name }) => name),
  ]);
  const elsewhere = knownElsewhere(path, group?.name);
  const guesses =
    [byWord, elsewhere, near === undefined ? [] : [near]].find(({ length }) => length > 0) ?? [];
  const guess =
    guesses.length > 0 ? ` (did you mean ${guesses.map((g) => `\`tidemark ${g}\``).join(' or ')}?)` : '';
  return new TidemarkError('usage', `unknown command "${asked}"${guess}`, {
    exitCode: 2,
    hints: [helpHint(group ? group.name : '')],
  });
}

function usage(message: string, command: Command): TidemarkError {
  return new TidemarkError('usage', message, { exitCode: 2, hints: [helpHint(command.path.join(' '))] });
}

/** A group without a command of it: on a terminal its help says as much, in JSON this error does. */
export function commandMissing(words: readonly string[]): TidemarkError {
  const path = words.join(' ');
  return new TidemarkError('usage', `\`tidemark ${path}\` is a group: name one of its commands`, {
    exitCode: 2,
    hints: [helpHint(path)],
  });
}

function helpHint(path: string): string {
  return `Run \`tidemark ${path}${path && ' '}--help\` to see what there is.`;
}
