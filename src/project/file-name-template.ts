/** What the name of a new migration's file may be made of. */
export const FILE_NAME_PLACEHOLDERS = [
  'revision',
  'slug',
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'epoch',
] as const;

/**
 * What keeps a text from being a template of file names, in words that follow its key; undefined when nothing does.
 * Whatever such a template gives is a name on every system, and reads as a forward migration.
 */
export function fileNameFault(template: string): string | undefined {
  const known = FILE_NAME_PLACEHOLDERS.map((name) => `{${name}}`);
  const placeholders = template.match(/\{[^{}]*\}/g) ?? [];
  const unknown = placeholders.find((placeholder) => !known.includes(placeholder));
  if (unknown !== undefined) {
    return `has the unknown placeholder ${unknown}; there are ${known.join(' ')}`;
  }
  if (!/\{(?:revision|slug)\}/.test(template))
    return 'needs {revision} or {slug}, or all files have one name';
  const rest = template.replace(/\{[^{}]*\}/g, '');
  if (/[\\/]/.test(rest)) return 'is the name of a file: it cannot hold a folder';
  const odd = /[^\p{L}\p{M}\p{N}_.-]/u.exec(rest)?.[0];
  if (odd !== undefined)
    return `may have letters, digits, "_", "-" and "." beside placeholders, not ${JSON.stringify(odd)}`;
  if (/^[.-]/.test(template)) return 'cannot begin with "." or "-"';
  if (/\.(?:sql|up|down|[cm]?[jt]s)$/i.test(template)) return 'is the name without its ending: .sql is added';
  return undefined;
}
