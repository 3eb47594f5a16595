import type { Outcome } from './command.js';
import { commands, groups } from './commands/index.js';
import { Context } from './context.js';
import { Output } from './output.js';
import { asksForJson, commandMissing, type Invocation, parseCommandLine } from './parse.js';
import { makePrompt } from './prompt.js';

const table = { commands, groups };

/** What the command line takes from its process. */
type Host = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'cwd' | 'on' | 'exit'>;

/** How long a run that is interrupted may take to end by itself, and connections to close. */
const GIVE_UP_MS = 5000;
const CLOSE_MS = 5000;

/** Runs a command line (without `node` and the script) and gives the exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], host: Host): Promise<number> {
  survivePipes(host);
  let invocation: Invocation;
  try {
    invocation = parseCommandLine(argv, table, host.env);
  } catch (error) {
    const output = new Output({ ...streams(host), json: asksForJson(argv) });
    return fail(error, output, '', argv.includes('--debug'), host);
  }
  if (invocation.kind === 'version') {
    const { TOOL_VERSION } = await import('../migrations/tool-version.js');
    host.stdout.write(`${TOOL_VERSION}\n`);
    return 0;
  }
  if (invocation.kind === 'help' && !invocation.asked && asksForJson(argv)) {
    const output = new Output({ ...streams(host), json: true });
    return fail(commandMissing(invocation.words), output, '', false, host);
  }
  if (invocation.kind === 'help') return showHelp(invocation.words, invocation.asked, host);
  return runCommand(invocation, host);
}

async function runCommand(invocation: Extract<Invocation, { kind: 'run' }>, host: Host): Promise<number> {
  const { command, options } = invocation;
  const json = options.flag('json');
  const output = new Output({
    ...streams(host),
    json,
    quiet: options.flag('quiet'),
    verbose: options.flag('verbose'),
    color: options.given('color') ? options.flag('color') : undefined,
  });
  const prompt = makePrompt(host, json || options.flag('yes'));
  const parts = { options, arguments: invocation.arguments, output, prompt, cwd: host.cwd(), env: host.env };
  const context = new Context(parts);
  const interruption = closeOnSignals(context, output, host);
  const name = command.path.join(' ');
  try {
    const { run } = await command.load();
    const outcome = await run(context);
    await context.close();
    succeed(name, outcome, output);
    return interruption() ?? outcome.exitCode ?? 0;
  } catch (error) {
    await context.close();
    const code = interruption();
    if (code !== undefined) {
      const { isAborted } = await import('../migrations/abort.js');
      // What fails because its connection was closed under it is no news; what was given up says what holds.
      if (isAborted(error)) await fail(error, output, name, false, host);
      return code;
    }
    return fail(error, output, name, options.flag('debug'), host);
  }
}

function succeed(command: string, outcome: Outcome, output: Output): void {
  const { result, text, exitCode = 0 } = outcome;
  const document = { command, ok: exitCode === 0, result, warnings: output.warnings };
  output.result(output.json ? JSON.stringify(document, exactNumbers, 2) : text);
}

async function fail(
  error: unknown,
  output: Output,
  command: string,
  debug: boolean,
  host: Host,
): Promise<number> {
  const { exitCodeOf, printError, reportError } = await import('./errors.js');
  if (output.json) {
    const report = { command, ok: false, error: reportError(error), warnings: output.warnings };
    output.result(output.mask(JSON.stringify(report, null, 2)));
    if (debug && error instanceof Error) output.error(error.stack ?? '');
  } else printError(error, output, debug, host.cwd());
  return exitCodeOf(error);
}

/** Help that was asked for is a result; help instead of a missing command is a complaint. */
async function showHelp(words: readonly string[], asked: boolean, host: Host): Promise<number> {
  const { renderHelp } = await import('./help.js');
  const { makeStyle, wantsColor } = await import('./style.js');
  const stream = asked ? host.stdout : host.stderr;
  const width = Math.min(stream.columns ?? 100, 120);
  stream.write(`${renderHelp(words, table, makeStyle(wantsColor(stream, host.env)), width)}\n`);
  return asked ? 0 : 2;
}

function streams({ stdout, stderr, env }: Host) {
  return { stdout, stderr, env };
}

/** `tidemark … | head` closes our output early: what is being done to a database is finished all the same. */
function survivePipes({ stdout, stderr, exit }: Host): void {
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') exit(1);
    });
  }
}

/**
 * The first signal gives up a run, which says so in its history, or closes connections, so that the server rolls back;
 * the second leaves at once. Gives a function that tells the exit code once there was one.
 */
function closeOnSignals(context: Context, output: Output, host: Host): () => number | undefined {
  let interrupted: number | undefined;
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    host.on(signal, () => {
      if (signal === 'SIGINT' && !context.interruptible) return;
      if (interrupted !== undefined) host.exit(code);
      const { onSignal } = context;
      if (onSignal !== undefined) {
        // Only once: the next signal finds nobody who ends it gently.
        context.onSignal = undefined;
        onSignal(signal);
        return;
      }
      interrupted = code;
      const stops = context.giveUp(new Error(signal));
      const how = stops ? 'stopping' : 'closing connections';
      output.error(`interrupted by ${signal}: ${how} (again to leave at once)`);
      setTimeout(() => host.exit(code), stops ? GIVE_UP_MS + CLOSE_MS : CLOSE_MS).unref();
      const close = () => void context.close().then(() => host.exit(code));
      if (stops) setTimeout(close, GIVE_UP_MS).unref();
      else close();
    });
  }
  return () => interrupted;
}

/** JSON has no integers beyond 2^53 that readers agree on: SQLite's are written as text, digit by digit. */
function exactNumbers(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
