import { styleText } from 'node:util';

type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours for one stream; without colours every one gives its text back. */
export type Style = Readonly<Record<Format, (text: string) => string>>;

export function makeStyle(colored: boolean): Style {
  const paint = (format: Format) => (text: string) =>
    colored ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  };
}

/**
 * Whether to write colours to a stream. In order: `--color` / `--no-color`, NO_COLOR when not empty
 * (no-color.org), FORCE_COLOR when not empty (`0` and `false` mean no), a terminal that is not dumb.
 */
export function wantsColor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  asked?: boolean,
): boolean {
  if (asked !== undefined) return asked;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/**
 * Whether a terminal can be trusted with box drawings: by the locale, as POSIX orders its variables; on Windows by
 * a terminal that is not the old console.
 */
export function speaksUtf8(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (platform === 'win32') return Boolean(env.WT_SESSION || env.TERM_PROGRAM || env.TERM);
  return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
}
