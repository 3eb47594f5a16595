import type { Command, Group, Options } from './command.js';
import { globalOptions } from './global-options.js';
import type { CommandTable } from './parse.js';
import type { Style } from './style.js';

/** The help for the words of an invocation: none for the whole tool, one for a group, or a command's path. */
export function renderHelp(
  words: readonly string[],
  table: CommandTable,
  style: Style,
  width: number,
): string {
  const command = table.commands.find(({ path }) => path.join(' ') === words.join(' '));
  if (command) return commandHelp(command, style, width);
  const group = table.groups.find(({ name }) => name === words[0]);
  return group ? groupHelp(group, table, style, width) : toolHelp(table, style, width);
}

function toolHelp({ commands, groups }: CommandTable, style: Style, width: number): string {
  const alone = commands.filter(({ path }) => path.length === 1);
  const sections = [
    `${style.bold('tidemark')}: one tool for the whole life of a database schema\n\n` +
      `${style.bold('Usage')}\n  tidemark COMMAND [arguments] [options]`,
    section('Project', commandRows(alone), style, width),
    ...groups.map(({ name, summary }) => {
      const rows = commandRows(commands.filter(({ path }) => path.length > 1 && path[0] === name));
      return section(`${capitalised(name)}: ${summary}`, rows, style, width);
    }),
    section('Options of every command', optionRows(globalOptions), style, width),
    section(
      'First steps',
      [
        ['tidemark init', 'make a configuration, schema.sql and the folders'],
        ['tidemark migrate diff first', 'write the first migration from schema.sql'],
        ['tidemark migrate up', 'apply it'],
        ['tidemark db shell', 'look at the result'],
      ],
      style,
      width,
    ),
    section(
      'Exit codes',
      [
        ['0', 'done'],
        ['1', 'failed'],
        ['2', 'wrong usage or configuration'],
        ['3', 'something is left to do, where the command was asked to check'],
        ['4', 'refused: needs consent, locked, or not clean'],
      ],
      style,
      width,
    ),
    `Run \`tidemark COMMAND --help\` for one command, with examples.`,
  ];
  return sections.join('\n\n');
}

function groupHelp(
  { name, summary }: Group,
  { commands }: CommandTable,
  style: Style,
  width: number,
): string {
  const own = commands.filter(({ path }) => path.length > 1 && path[0] === name);
  return [
    titled(`tidemark ${name}`, summary, style, width),
    `${style.bold('Usage')}\n  tidemark ${name} COMMAND [arguments] [options]`,
    section('Commands', commandRows(own), style, width),
    section(
      'Examples',
      own.flatMap((command) => exampleRows(command).slice(0, 1)),
      style,
      width,
    ),
    `Run \`tidemark ${name} COMMAND --help\` for one command,\n\`tidemark --help\` for the options of all.`,
  ].join('\n\n');
}

function commandHelp(command: Command, style: Style, width: number): string {
  const line = ['tidemark', ...command.path, ...usageArguments(command), '[options]'].join(' ');
  const about = [command.description].flatMap((text) => (text ? [wrap(text, width).join('\n')] : []));
  return [
    titled(`tidemark ${command.path.join(' ')}`, command.summary, style, width),
    `${style.bold('Usage')}\n  ${line}`,
    ...about,
    section(
      'Arguments',
      (command.arguments ?? []).map((a) => [a.name, a.summary]),
      style,
      width,
    ),
    section('Options', optionRows(command.options ?? {}), style, width),
    section('Options of every command', optionRows(globalOptions), style, width),
    section('Examples', exampleRows(command), style, width),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function titled(name: string, summary: string, style: Style, width: number): string {
  return wrap(`${name}: ${summary}`, width).join('\n').replace(name, style.bold);
}

type HelpRow = readonly [term: string, words: string];

function usageArguments(command: Command): string[] {
  return (command.arguments ?? []).map(({ name, required, several }) => {
    const words = several ? `${name}...` : name;
    return required ? words : `[${words}]`;
  });
}

function commandRows(commands: readonly Command[]): HelpRow[] {
  return commands.map((command) => [
    [...command.path, ...usageArguments(command)].join(' '),
    command.summary,
  ]);
}

function exampleRows({ examples }: Command): HelpRow[] {
  return examples.map(({ line, summary }) => [`tidemark ${line}`, summary]);
}

function optionRows(options: Options): HelpRow[] {
  return Object.entries(options).map(([name, option]) => {
    const onByDefault = option.default === true;
    const spelled = name === 'color' || onByDefault ? `--[no-]${name}` : `--${name}`;
    const term = `${option.short ? `-${option.short}, ` : '    '}${spelled}${option.value ? ` ${option.value}` : ''}`;
    const facts = [
      option.choices && `one of ${option.choices.join(', ')}`,
      typeof option.default === 'string' && `default ${option.default}`,
      option.type === 'list' && 'may be repeated',
      option.env,
    ].filter(Boolean);
    return [term, facts.length > 0 ? `${option.summary} (${facts.join('; ')})` : option.summary];
  });
}

/** Two columns under a title; terms too long for theirs get a line of their own. */
function section(title: string, rows: readonly HelpRow[], style: Style, width: number): string {
  if (rows.length === 0) return '';
  const column = Math.min(34, Math.max(...rows.map(([term]) => term.length)));
  const lines = rows.flatMap(([term, words]) => {
    const [first = '', ...rest] = wrap(words, Math.max(30, width - column - 4));
    const margin = ' '.repeat(column + 4);
    const continued = rest.map((text) => margin + text);
    if (term.length > column) return [`  ${style.cyan(term)}`, margin + first, ...continued];
    return [`  ${style.cyan(term)}${' '.repeat(column - term.length + 2)}${first}`, ...continued];
  });
  return [style.bold(title), ...lines].join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, line] : lines;
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
