import { TidemarkError } from '../errors.js';
import type { RenameHint } from '../schema/rename.js';
import type { ConversionHint } from '../schema/value-conversions.js';

/** What a file of answers says, for runs that nobody can be asked in. */
export interface Answers {
  /** What messages call the file. */
  readonly file: string;
  readonly renames: readonly RenameHint[];
  readonly notRenamed: readonly string[];
  readonly allow: readonly string[];
  readonly conversions: readonly ConversionHint[];
}

const SHAPE =
  '{ "rename": { "users.nick": "nickname" }, "notRenamed": ["users.old"], "allow": ["drop-table:logs"], "using": { "users.age": "age::int" } }';

/**
 * Reads a file of answers: JSON with `rename` (old names to new ones), `notRenamed`, `allow` and `using` (columns to
 * expressions), each as the flag of that name takes it and each left out at will. Throws TidemarkError `answers-invalid` (exit code 2) for anything else.
 */
export function parseAnswers(text: string, file: string): Answers {
  let given: unknown;
  try {
    given = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(file, `is no JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isRecord(given)) throw invalid(file, 'holds no object');
  const unknown = Object.keys(given).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw invalid(file, `has ${JSON.stringify(unknown)}, which answers nothing`);
  const { rename = {}, notRenamed = [], allow = [], using = {} } = given;
  if (!isRecord(rename)) throw invalid(file, 'has a "rename" that is no object of old and new names');
  const renames = Object.entries(rename).map(([from, to]): RenameHint => {
    if (typeof to !== 'string' || to === '' || from === '')
      throw invalid(file, `renames ${JSON.stringify(from)} to no name`);
    return { from, to, source: `${file}: "${from}": "${to}"`, required: true };
  });
  if (!isTexts(notRenamed)) throw invalid(file, 'has a "notRenamed" that is no list of names');
  if (!isTexts(allow)) throw invalid(file, 'has an "allow" that is no list of what --allow takes');
  if (!isRecord(using)) throw invalid(file, 'has a "using" that is no object of columns and expressions');
  const conversions = Object.entries(using).map(([name, expression]): ConversionHint => {
    if (typeof expression !== 'string' || expression.trim() === '' || name === '')
      throw invalid(file, `has no expression for ${JSON.stringify(name)} in "using"`);
    const source = `${file}: "using": ${JSON.stringify(name)}`;
    return { name, expression: expression.trim(), source, required: true };
  });
  return { file, renames, notRenamed, allow, conversions };
}

const KEYS: readonly string[] = ['rename', 'notRenamed', 'allow', 'using'];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && one !== '');
}

function invalid(file: string, why: string): TidemarkError {
  return new TidemarkError('answers-invalid', `the file of answers ${file} ${why}`, {
    exitCode: 2,
    hints: [`It is JSON: ${SHAPE}`],
  });
}

/** The refusal of an answer that matches nothing of a plan: it is mistyped, or about another change. */
export function unusedAnswer({ file }: Answers, answer: string): TidemarkError {
  return new TidemarkError('answer-unused', `${file}: ${answer} matches nothing in this change`, {
    exitCode: 2,
    hints: ['Nothing was written or applied. Take the answer out, or correct it.'],
  });
}
