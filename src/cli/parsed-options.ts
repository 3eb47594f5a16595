import { TidemarkError } from '../errors.js';
import type { Option, Options, OptionType } from './command.js';
import { parseDuration } from './duration.js';

/** What was given on the command line, by option name; a flag as `true` or `false`. */
export type OptionValues = Map<string, string[]>;

/**
 * The options of a command line. Asking for one that the command does not declare, or as another type, is a
 * mistake in the command's code and throws an Error.
 */
export class ParsedOptions {
  readonly #known: Options;
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(known: Options, values: OptionValues, env: Readonly<Record<string, string | undefined>> = {}) {
    this.#known = known;
    this.#values = values;
    this.#env = env;
  }

  static isDuration(text: string): boolean {
    return parseDuration(text) !== undefined;
  }

  flag(name: string): boolean {
    const option = this.#declared(name, 'flag');
    const value = this.#values.get(name)?.at(-1);
    return value === undefined ? option.default === true : value === 'true';
  }

  /** True when the user said so, either way: what a default says does not count. */
  given(name: string): boolean {
    return this.#values.has(name);
  }

  text(name: string): string | undefined {
    return this.#one(name, this.#declared(name, 'text'));
  }

  list(name: string): readonly string[] {
    this.#declared(name, 'list');
    return this.#values.get(name) ?? [];
  }

  /** True when the command has such an option. */
  declares(name: string): boolean {
    return this.#known[name] !== undefined;
  }

  /** In milliseconds; undefined when it was not given and has no default. */
  duration(name: string): number | undefined {
    const option = this.#declared(name, 'duration');
    const written = this.#one(name, option);
    if (written === undefined) return undefined;
    const milliseconds = parseDuration(written);
    if (milliseconds !== undefined) return milliseconds;
    throw new TidemarkError(
      'usage',
      `${option.env} must be a time such as 500ms, 10s or 2m, not "${written}"`,
      {
        exitCode: 2,
      },
    );
  }

  #one(name: string, option: Option): string | undefined {
    const given = this.#values.get(name)?.at(-1) ?? ((option.env && this.#env[option.env]) || undefined);
    return given ?? (typeof option.default === 'string' ? option.default : undefined);
  }

  #declared(name: string, type: OptionType): Option {
    const option = this.#known[name];
    if (option?.type === type) return option;
    throw new Error(`the command declares no ${type} option --${name}`);
  }
}
