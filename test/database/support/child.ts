import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** The next line it prints. */
  line(): Promise<string>;
  /** Everything it printed, once it has ended. */
  end(): Promise<string>;
}

/**
 * Runs TypeScript in a process of its own, with `load(path)` to import a module below src/ and
 * `say(value)` to print a line of JSON.
 */
export function runChild(body: string, env: Record<string, string> = {}): Child {
  const script = `
    import { createJiti } from 'jiti';
    const jiti = createJiti(${JSON.stringify(`${root}/src/`)});
    const load = (path) => jiti.import('./' + path);
    const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
    ${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let wake = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    wake();
  });
  const exited = once(child, 'close').then(() => wake());
  let read = 0;
  return {
    process: child,
    async line() {
      for (;;) {
        const end = output.indexOf('\n', read);
        if (end !== -1) {
          const line = output.slice(read, end);
          read = end + 1;
          return line;
        }
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the child ended: ${output}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async end() {
      await exited;
      return output;
    },
  };
}
