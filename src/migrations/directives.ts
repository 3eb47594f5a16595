import { TidemarkError } from '../errors.js';
import { readAllowedLoss } from './allowed-loss.js';
import { isBranchName, REVISION_ID_RULE, revisionIdFault } from './revision-id.js';
import { lineComments } from './sql-comments.js';

/** A lint rule that the file's author has looked at and allows. */
export interface IgnoredRule {
  readonly rule: string;
  readonly reason: string;
}

/** What the leading comment block of a migration says. */
export interface Directives {
  /** The revision's id, when the file's name does not say it. */
  readonly revision: string | undefined;
  /** Parents in the order given; `[]` for `parent base`; undefined when the file follows the one before it. */
  readonly parents: readonly string[] | undefined;
  readonly dependsOn: readonly string[];
  readonly branch: string | undefined;
  /** `none`: run statement by statement, outside a transaction of the runner's. */
  readonly transaction: 'file' | 'none';
  readonly ignore: readonly IgnoredRule[];
  /** The losses that somebody has agreed to, as `--allow` takes them: `drop-column:users.nickname`. */
  readonly allow: readonly string[];
  /** Ids of the revisions that this one was made of, in the order in which they ran. Empty: it is no squash. */
  readonly replaces: readonly string[];
}

/** The directives a down file may have: the rest belongs to the revision and stands in its up file. */
const DOWN_DIRECTIVES = ['transaction', 'ignore'];
const KNOWN = ['revision', 'parent', 'depends-on', 'branch', 'transaction', 'ignore', 'allow', 'replaces'];

/** A comment that is a directive, its name and what follows. */
export const DIRECTIVE = /^--+\s*tidemark\s*:\s*(\S*)\s*(.*?)\s*$/i;

/**
 * Reads the `-- tidemark:` directives of a migration. They stand in comments before the first statement,
 * with or without blank lines among them. Throws TidemarkError (`directive-unknown`, `directive-misplaced`,
 * `directive-invalid`) with the place: a directive is never ignored.
 *
 * @param file what messages call the file
 */
export function readDirectives(sql: string, file: string, role: 'up' | 'down' = 'up'): Directives {
  let revision: string | undefined;
  let parents: string[] | undefined;
  const dependsOn: string[] = [];
  const ignore: IgnoredRule[] = [];
  const allow: string[] = [];
  const replaces: string[] = [];
  let branch: string | undefined;
  let transaction: Directives['transaction'] = 'file';
  // Most files have none, and looking for the word is far cheaper than reading every token.
  const comments = /tidemark/i.test(sql) ? lineComments(sql) : [];

  for (const comment of comments) {
    const match = DIRECTIVE.exec(comment.text);
    if (match === null) continue;
    const name = match[1]!.toLowerCase();
    // The same name typed on another system may be composed of other code points.
    const argument = match[2]!.normalize('NFC');
    const fail = (code: string, message: string, hint: string): never => {
      throw new TidemarkError(code, `${file}:${comment.line}: ${message}`, {
        location: { file, line: comment.line, column: comment.column },
        hints: [hint],
      });
    };
    if (!KNOWN.includes(name)) {
      fail(
        'directive-unknown',
        `unknown directive "tidemark:${name}"`,
        `Known directives: ${KNOWN.join(', ')}.`,
      );
    }
    if (comment.afterStatement) {
      fail(
        'directive-misplaced',
        `the directive "tidemark:${name}" stands after the first statement`,
        'Move it into the comments at the top of the file.',
      );
    }
    if (role === 'down' && !DOWN_DIRECTIVES.includes(name)) {
      fail(
        'directive-misplaced',
        `the directive "tidemark:${name}" belongs into the forward file, not into a .down.sql file`,
        `A .down.sql file may hold: ${DOWN_DIRECTIVES.join(', ')}.`,
      );
    }
    const checkIds = (ids: readonly string[]): void => {
      for (const id of ids) {
        const fault = revisionIdFault(id);
        if (fault !== undefined) {
          fail('directive-invalid', `"${id}" cannot be the id of a revision: it ${fault}`, REVISION_ID_RULE);
        }
      }
    };
    switch (name) {
      case 'revision':
        if (revision !== undefined) {
          fail('directive-invalid', '"tidemark:revision" is given twice', 'A file holds one revision.');
        }
        checkIds([argument]);
        revision = argument;
        break;
      case 'parent': {
        const ids = splitIds(argument);
        const base = ids.includes('base') || parents?.length === 0;
        if (ids.length === 0 || (base && (ids.length > 1 || parents !== undefined))) {
          fail(
            'directive-invalid',
            '"tidemark:parent" needs the ids of one or more revisions, or "base" alone',
            'Write for example: -- tidemark:parent 20250901120000',
          );
        }
        const given = ids.filter((id) => id !== 'base');
        checkIds(given);
        parents = [...(parents ?? []), ...given];
        break;
      }
      case 'depends-on': {
        const ids = splitIds(argument);
        if (ids.length === 0) {
          fail(
            'directive-invalid',
            '"tidemark:depends-on" needs the id of a revision',
            'Write for example: -- tidemark:depends-on 20250901120000',
          );
        }
        checkIds(ids);
        dependsOn.push(...ids);
        break;
      }
      case 'replaces': {
        const ids = splitIds(argument);
        const twice = ids.find((id, at) => replaces.includes(id) || ids.indexOf(id) !== at);
        if (ids.length === 0 || twice !== undefined) {
          fail(
            'directive-invalid',
            twice === undefined
              ? '"tidemark:replaces" needs the ids of revisions'
              : `"tidemark:replaces" names ${twice} twice`,
            'It is written by "tidemark migrate squash": -- tidemark:replaces 20250901120000 20250902120000',
          );
        }
        checkIds(ids);
        replaces.push(...ids);
        break;
      }
      case 'branch':
        if (branch !== undefined || !isBranchName(argument)) {
          fail(
            'directive-invalid',
            branch !== undefined
              ? '"tidemark:branch" is given twice'
              : `"${argument}" cannot be the name of a branch`,
            'A branch has one name of letters, digits, "_" and ".", other than head, heads, base and current.',
          );
        }
        branch = argument;
        break;
      case 'transaction':
        if (argument.toLowerCase() !== 'none') {
          fail(
            'directive-invalid',
            `"tidemark:transaction ${argument}" is not known`,
            'The only value is "none"; without the directive a file runs in one transaction.',
          );
        }
        transaction = 'none';
        break;
      case 'ignore': {
        const [, rule, reason] = /^(\S+)\s+(.+)$/.exec(argument) ?? [];
        if (rule === undefined || reason === undefined) {
          fail(
            'directive-invalid',
            '"tidemark:ignore" needs a rule and the reason why it is ignored',
            'Write for example: -- tidemark:ignore drop-column nothing reads it since release 12',
          );
        }
        ignore.push({ rule: rule!, reason: reason! });
        break;
      }
      case 'allow': {
        const entry = readAllowedLoss(argument);
        if (entry === undefined) {
          fail(
            'directive-invalid',
            `"tidemark:allow ${argument}" names no loss`,
            'Write what is lost and of what, for example: -- tidemark:allow drop-column:users.nickname',
          );
        }
        allow.push(entry!);
        break;
      }
    }
  }
  return { revision, parents, dependsOn, branch, transaction, ignore, allow, replaces };
}

function splitIds(argument: string): string[] {
  return argument.split(/[\s,]+/).filter((id) => id !== '');
}

/** The `//` comments of a program as those of a script, line by line, so that both hold directives alike. */
export function programComments(text: string): string {
  return text.replace(/^.*$/gm, (line) => {
    const comment = /^\s*\/\/(.*)$/.exec(line);
    return comment === null ? (line.trim() === '' ? '' : 'code') : `--${comment[1]}`;
  });
}
