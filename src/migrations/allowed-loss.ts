/**
 * A loss that somebody has allowed, as the directive `tidemark:allow` writes it: `drop-column:users.nickname`. Names
 * may hold anything, so that what does not survive in a comment (a line end, blanks at the end, a letter composed
 * of two code points) is written as `\u{…}`, and a backslash twice.
 */
export function writeAllowedLoss(entry: string): string {
  const escaped = entry.replaceAll('\\', '\\\\').replace(/\p{C}|\p{Zl}|\p{Zp}|^\s|\s$/gu, coded);
  return escaped.normalize('NFC') === escaped ? escaped : escaped.replace(/[^\p{ASCII}]/gu, coded);
}

/** What `writeAllowedLoss` wrote; undefined for what names no kind of loss. */
export function readAllowedLoss(text: string): string | undefined {
  if (!/^[a-z]+(-[a-z]+)*(:.+)?$/su.test(text) || text === 'all' || text.startsWith('all:')) return undefined;
  let valid = true;
  const entry = text.replace(/\\(?:(\\)|u\{([0-9a-f]{1,6})\}|)/gu, (_, backslash?: string, code?: string) => {
    if (backslash !== undefined) return backslash;
    const point = Number.parseInt(code ?? '', 16);
    valid &&= point <= 0x10ffff;
    return valid ? String.fromCodePoint(point) : '';
  });
  return valid ? entry : undefined;
}

function coded(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
