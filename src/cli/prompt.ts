import { TidemarkError } from '../errors.js';

/** Asks the person at the terminal. */
export interface Prompt {
  /** False without a terminal, in CI, and with --json or --yes: then nobody is asked anything. */
  readonly interactive: boolean;
  /**
   * A yes-or-no question, no by default. When nobody can be asked, throws TidemarkError (`needs-consent`, exit
   * code 4) that names the flag which answers it.
   */
  confirm(question: string, flag: string): Promise<boolean>;
  /** A line of text; `fallback` for an empty one. When nobody can be asked, throws as `confirm` does. */
  ask(question: string, flag: string, fallback?: string): Promise<string>;
}

export interface PromptStreams {
  readonly stdin: NodeJS.ReadStream;
  /** Where questions go: standard error, so that standard output holds results only. */
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function makePrompt({ stdin, stderr, env }: PromptStreams, silent: boolean): Prompt {
  const inCi = Boolean(env.CI) && env.CI !== 'false' && env.CI !== '0';
  const interactive = !silent && stdin.isTTY === true && stderr.isTTY === true && !inCi;
  const line = async (question: string, flag: string): Promise<string> => {
    if (!interactive) throw needsAnswer(question, flag);
    const { createInterface } = await import('node:readline');
    const readline = createInterface({ input: stdin, output: stderr });
    try {
      return await new Promise((resolve, reject) => {
        // Without a handler of its own readline swallows ctrl-c; ctrl-d closes it without an answer.
        readline.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
        readline.once('close', () => reject(needsAnswer(question, flag)));
        readline.question(question, (answer) => resolve(answer.trim()));
      });
    } finally {
      readline.close();
    }
  };
  return {
    interactive,
    async confirm(question, flag) {
      return /^y(es)?$/i.test(await line(`${question} [y/N] `, flag));
    },
    async ask(question, flag, fallback) {
      return (await line(`${question}${fallback ? ` [${fallback}]` : ''} `, flag)) || (fallback ?? '');
    },
  };
}

function needsAnswer(question: string, flag: string): TidemarkError {
  return new TidemarkError('needs-consent', `nobody answered: ${question.trim().replace(/ \[.*\]$/, '')}`, {
    exitCode: 4,
    hints: [`Answer with ${flag}; questions are asked only on a terminal.`],
  });
}
