import { describe, expect, it } from 'vitest';
import { commands, groups } from '../../src/cli/commands/index.js';
import { globalOptions } from '../../src/cli/global-options.js';
import { renderHelp } from '../../src/cli/help.js';
import { makeStyle } from '../../src/cli/style.js';

const help = (words: string[], width = 100) =>
  renderHelp(words, { commands, groups }, makeStyle(false), width);

describe('help', () => {
  it('of the tool names every command, every global option and every exit code', () => {
    const text = help([]);
    for (const { path, summary } of commands) {
      expect(text.replace(/\s+/g, ' ')).toContain(summary);
      expect(text).toContain(`  ${path.join(' ')}`);
    }
    for (const name of Object.keys(globalOptions))
      expect(text).toContain(name === 'color' ? '--[no-]color' : `--${name}`);
    expect(text).toMatch(/\n {2}0 {2}done\n {2}1 {2}failed\n {2}2 .*\n {2}3 .*\n {2}4 /);
  });

  it.each(groups.map(({ name }) => name))(
    'of the group %s names its commands with an example each',
    (name) => {
      const text = help([name]);
      for (const { path, examples } of commands.filter((command) => command.path[0] === name)) {
        expect(text).toContain(`  ${path.join(' ')}`);
        expect(text).toContain(`tidemark ${examples[0]!.line}`);
      }
    },
  );

  it.each(commands.map((command) => [command.path.join(' '), command] as const))(
    'of %s has usage, options and examples',
    (path, command) => {
      const text = help([...command.path]);
      expect(text).toContain(`  tidemark ${path}`);
      for (const { name, required, several } of command.arguments ?? []) {
        const words = several ? `${name}...` : name;
        expect(text).toContain(required ? words : `[${words}]`);
      }
      for (const name of Object.keys(command.options ?? {}))
        expect(text).toMatch(new RegExp(`--(\\[no-\\])?${name}\\b`));
      for (const { line } of command.examples) expect(text).toContain(`tidemark ${line}`);
    },
  );

  it.each([80, 100, 120])('keeps to a width of %i where words allow it', (width) => {
    for (const words of [[], ...groups.map(({ name }) => [name]), ...commands.map(({ path }) => [...path])]) {
      // Command lines are never broken: they are there to be copied.
      for (const line of help(words, width).split('\n'))
        if (!line.startsWith('  tidemark ')) expect(line.length, line).toBeLessThanOrEqual(width);
    }
  });

  it('tells choices, defaults, repetition and variables', () => {
    expect(help(['schema', 'inspect']).replace(/\s+/g, ' ')).toContain('(one of sql, json; default sql)');
    expect(help(['migrate', 'up']).replace(/\s+/g, ' ')).toContain('(default 10s)');
    expect(help([]).replace(/\s+/g, ' ')).toContain('(TIDEMARK_ENV)');
    expect(help(['db', 'check']).replace(/\s+/g, ' ')).toContain('function:audit.log (may be repeated)');
  });
});
