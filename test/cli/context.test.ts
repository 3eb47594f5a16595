import { describe, expect, it } from 'vitest';
import { Context } from '../../src/cli/context.js';
import { Output } from '../../src/cli/output.js';
import { ParsedOptions } from '../../src/cli/parsed-options.js';

function makeContext(): Context {
  const { stdout, stderr } = process;
  return new Context({
    options: new ParsedOptions({}, new Map(), {}),
    arguments: new Map(),
    output: new Output({ stdout, stderr, env: {} }),
    prompt: undefined as never,
    cwd: process.cwd(),
    env: {},
  });
}

/** Something to close that notes when it was. */
function resource(name: string, closed: string[], error?: Error) {
  return {
    async close() {
      closed.push(name);
      if (error) throw error;
    },
  };
}

describe('what a command opened', () => {
  it('is closed once, the last first, whatever fails to close', async () => {
    const context = makeContext();
    const closed: string[] = [];
    context.closing(resource('first', closed));
    context.closing(resource('second', closed, new Error('gone')));
    await context.close();
    await context.close();
    expect(closed).toEqual(['second', 'first']);
  });

  it('is closed at once when it opens after the command has ended', async () => {
    const context = makeContext();
    const closed: string[] = [];
    await context.close();
    context.closing(resource('late', closed, new Error('gone')));
    expect(closed).toEqual(['late']);
  });
});
