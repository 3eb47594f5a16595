import { maskPasswords } from './mask.js';
import { makeStyle, type Style, speaksUtf8, wantsColor } from './style.js';

/** The part of a stream that is written to. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface OutputSettings {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color?: boolean | undefined;
}

/**
 * The only place that writes to the terminal. Results go to standard output, all else to standard error;
 * with `--json` standard output gets one document and nothing else.
 */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** How a graph may be drawn for whoever reads the results; undefined: nobody looks at them as they come. */
  readonly drawing: 'unicode' | 'ascii' | undefined;
  /** Colours for results. */
  readonly style: Style;
  /** Colours for what goes to standard error. */
  readonly errorStyle: Style;
  /** Passwords known by now: masked in errors and notes. */
  readonly secrets = new Set<string>();
  readonly warnings: string[] = [];
  readonly #stdout: Sink;
  readonly #stderr: Sink;
  #progressShown = false;

  constructor(settings: OutputSettings) {
    this.#stdout = settings.stdout;
    this.#stderr = settings.stderr;
    this.json = settings.json ?? false;
    this.quiet = settings.quiet ?? false;
    this.verbose = settings.verbose ?? false;
    const looks = settings.stdout.isTTY === true && settings.env.TERM !== 'dumb' && !this.json;
    this.drawing = looks ? (speaksUtf8(settings.env) ? 'unicode' : 'ascii') : undefined;
    this.style = makeStyle(!this.json && wantsColor(settings.stdout, settings.env, settings.color));
    this.errorStyle = makeStyle(wantsColor(settings.stderr, settings.env, settings.color));
  }

  /** True where `progress` is shown. */
  get live(): boolean {
    return !this.quiet && !this.json && this.#stderr.isTTY === true;
  }

  /** Width to lay text out for. */
  get width(): number {
    return this.#stdout.columns ?? 100;
  }

  /** A result, on standard output. */
  result(text: string): void {
    this.#clearProgress();
    if (text !== '') this.#stdout.write(`${text}\n`);
  }

  /** Something worth knowing that is not the result. */
  note(text: string): void {
    if (!this.quiet && !this.json) this.#toStderr(text);
  }

  /** A detail, shown with --verbose. */
  detail(text: string): void {
    if (this.verbose && !this.json) this.#toStderr(this.errorStyle.dim(text));
  }

  /** Something that may be a mistake; with --json it is part of the document. */
  warn(text: string): void {
    const masked = this.mask(text);
    this.warnings.push(masked);
    if (!this.quiet && !this.json) this.#toStderr(`${this.errorStyle.yellow('warning:')} ${masked}`);
  }

  /** Complaints, printed also with --quiet. */
  error(text: string): void {
    this.#toStderr(text);
  }

  /** One line that the next one replaces: what is being done right now. Only on a terminal. */
  progress(text: string): void {
    if (!this.live) return;
    const width = (this.#stderr.columns ?? 80) - 1;
    this.#stderr.write(`\r\u001b[2K${this.mask(text).slice(0, width)}`);
    this.#progressShown = true;
  }

  mask(text: string): string {
    return maskPasswords(text, this.secrets);
  }

  #toStderr(text: string): void {
    this.#clearProgress();
    this.#stderr.write(`${this.mask(text)}\n`);
  }

  #clearProgress(): void {
    if (this.#progressShown) this.#stderr.write('\r\u001b[2K');
    this.#progressShown = false;
  }
}
