import { writeAllowedLoss } from './allowed-loss.js';
import { DIRECTIVE, type Directives, type IgnoredRule, programComments } from './directives.js';
import type { Migration } from './migration-file.js';
import { lineComments } from './sql-comments.js';

/** What the top of a forward file is to say; what is left out or undefined gets no line. */
export interface DirectiveLines {
  readonly revision?: string | undefined;
  /** `[]` is written as `base`: it follows nothing, not even the file before it. */
  readonly parents?: readonly string[] | undefined;
  readonly dependsOn?: readonly string[] | undefined;
  readonly branch?: string | undefined;
  readonly transaction?: Directives['transaction'] | undefined;
  readonly ignore?: readonly IgnoredRule[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly replaces?: readonly string[] | undefined;
}

/** Writes directives as `readDirectives` reads them, a comment each, in a fixed order, without line ends. */
export function directiveLines(
  { revision, parents, dependsOn, branch, transaction, ignore, allow, replaces }: DirectiveLines,
  language: Migration['language'] = 'sql',
): string[] {
  const said = [
    revision === undefined ? [] : [`revision ${revision}`],
    parents === undefined ? [] : [`parent ${parents.length === 0 ? 'base' : parents.join(' ')}`],
    dependsOn === undefined || dependsOn.length === 0 ? [] : [`depends-on ${dependsOn.join(' ')}`],
    branch === undefined ? [] : [`branch ${branch}`],
    transaction === 'none' ? ['transaction none'] : [],
    (ignore ?? []).map(({ rule, reason }) => `ignore ${rule} ${reason}`),
    (allow ?? []).map((entry) => `allow ${writeAllowedLoss(entry)}`),
    replaces === undefined || replaces.length === 0 ? [] : [`replaces ${replaces.join(' ')}`],
  ].flat();
  return said.map((words) => `${language === 'sql' ? '--' : '//'} tidemark:${words}`);
}

const NAMES: Readonly<Record<keyof DirectiveLines, string>> = {
  revision: 'revision',
  parents: 'parent',
  dependsOn: 'depends-on',
  branch: 'branch',
  transaction: 'transaction',
  ignore: 'ignore',
  allow: 'allow',
  replaces: 'replaces',
};

/**
 * The text of a forward file with these directives at its top, in place of those of the same names that it has.
 * A key that is there with undefined takes the directive out; one that is left out leaves it as it is. Line ends
 * stay what they are in the text.
 */
export function withDirectives(
  text: string,
  directives: DirectiveLines,
  language: Migration['language'] = 'sql',
): string {
  const replaced = new Set((Object.keys(directives) as (keyof DirectiveLines)[]).map((key) => NAMES[key]));
  const kept = withoutDirectives(text, replaced, language);
  const end = /\r\n|\r|\n/.exec(kept)?.[0] ?? '\n';
  return (
    directiveLines(directives, language)
      .map((line) => line + end)
      .join('') + kept
  );
}

function withoutDirectives(
  text: string,
  names: ReadonlySet<string>,
  language: Migration['language'],
): string {
  const isGone = (comment: string): boolean => names.has(DIRECTIVE.exec(comment)?.[1]?.toLowerCase() ?? '');
  if (language === 'program') {
    return text.replace(/^.*$(?:\r\n|\r|\n|$)/gm, (line) => (isGone(programComments(line)) ? '' : line));
  }
  const lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  let kept = '';
  let from = 0;
  for (const comment of lineComments(text)) {
    if (comment.afterStatement) break;
    if (!isGone(comment.text)) continue;
    const start = lineStarts[comment.line - 1]! + comment.column - 1;
    const before = /[^\r\n]*$/.exec(text.slice(from, start))![0];
    const alone = before.trim() === '';
    const end = start + comment.text.length;
    const lineEnd = alone ? (/^(?:\r\n|\r|\n)/.exec(text.slice(end, end + 2))?.[0].length ?? 0) : 0;
    kept += text.slice(from, alone ? start - before.length : start);
    from = end + lineEnd;
  }
  return kept + text.slice(from);
}
