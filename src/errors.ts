/** Where in a file something went wrong. Lines and columns count from 1; columns count characters. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

/**
 * The exit codes of the command line; every error carries the one it ends the process with.
 * 1 failed, 2 wrong usage or configuration, 3 something is left to do (only where asked to check),
 * 4 refused: destructive without consent, locked, or not clean.
 */
export type ExitCode = 1 | 2 | 3 | 4;

export interface TidemarkErrorOptions {
  /** What the reader should do next, as full sentences; one entry a way out. */
  readonly hints?: readonly string[];
  readonly exitCode?: ExitCode;
  readonly location?: SourceLocation;
  /** The lines around the failing place with a caret under it, ready to print. */
  readonly excerpt?: string;
  /** Machine-readable facts for `--json`. Never a password. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class a user meets. `code` is a stable kebab-case word (`config-invalid`,
 * `history-edited`); `message` says what happened in lower case without a full stop.
 */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: string;
  readonly hints: readonly string[];
  readonly exitCode: ExitCode;
  readonly location: SourceLocation | undefined;
  readonly excerpt: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: TidemarkErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hints = options.hints ?? [];
    this.exitCode = options.exitCode ?? 1;
    this.location = options.location;
    this.excerpt = options.excerpt;
    this.details = options.details ?? {};
  }
}
