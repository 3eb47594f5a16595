import type { Context } from './context.js';

/**
 * - `flag`: there or not; `--no-x` turns it off
 * - `text`: one value, the last one given counts
 * - `list`: may be given several times
 * - `duration`: `500ms`, `10s`, `2m`, `1h`; a bare number is seconds
 */
export type OptionType = 'flag' | 'text' | 'list' | 'duration';

export interface Option {
  readonly type: OptionType;
  /** One line for --help, without a full stop. */
  readonly summary: string;
  /** What --help calls the value: `NAME`. Required in practice for all but flags. */
  readonly value?: string;
  readonly short?: string;
  /** Its value may begin with a dash without `=` before it: `--range -2:`. */
  readonly dashed?: boolean;
  /** The only values it takes. */
  readonly choices?: readonly string[];
  /** What holds when it is not given; `duration` in its written form. */
  readonly default?: string | boolean;
  /** The environment variable that stands in for it. */
  readonly env?: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Argument {
  /** As --help shows it: `NAME`, `TARGET`. */
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  /** Takes all the words that are left; only the last argument can. */
  readonly several?: boolean;
}

export interface Example {
  /** The command line without `tidemark`. */
  readonly line: string;
  readonly summary: string;
}

/** What a command hands back to be printed. */
export interface Outcome<T = unknown> {
  /** The `result` of `--json`: plain JSON data, no passwords. */
  readonly result: T;
  /** What a person reads on standard output, without the last line end. Empty prints nothing. */
  readonly text: string;
  /** 3: something is left to do, where the command was asked to check. 4: refused, with `text` saying why. Default 0. */
  readonly exitCode?: 0 | 3 | 4;
}

export type Run = (context: Context) => Promise<Outcome>;

/** One command, from which come its parser, its help and its documentation. */
export interface Command {
  readonly path: readonly string[];
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs for its own --help. */
  readonly description?: string;
  readonly arguments?: readonly Argument[];
  readonly options?: Options;
  readonly examples: readonly Example[];
  /** Loads the command's code; nothing of it is loaded before. */
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** A word that stands before several commands. */
export interface Group {
  readonly name: string;
  readonly summary: string;
}
