import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { TidemarkError } from '../errors.js';
import { type Answers, parseAnswers, unusedAnswer } from '../planning/answers.js';
import type { PlanBetween } from '../planning/plan-between.js';
import { idleAllowances } from '../safety/consent.js';
import { planHazards } from '../schema/plan.js';
import { parseRenameFlag, shortName } from '../schema/rename.js';
import { parseUsingFlag } from '../schema/value-conversions.js';
import type { Context } from './context.js';

/** What was said on the command line and in the file of `--answers`, together. */
export function answersOf(context: Context): Omit<Answers, 'file'> {
  const { options } = context;
  const filed = filedAnswers(context);
  const list = (name: string) => (options.declares(name) ? options.list(name) : []);
  return {
    renames: [...list('rename').map(parseRenameFlag), ...(filed?.renames ?? [])],
    notRenamed: [...list('not-renamed'), ...(filed?.notRenamed ?? [])],
    allow: [...list('allow'), ...(filed?.allow ?? [])],
    conversions: [...list('using').map(parseUsingFlag), ...(filed?.conversions ?? [])],
  };
}

/**
 * Tells which `--allow` match nothing of a plan. Throws `answer-unused` for what a file says: it is kept for one change,
 * and nobody looks at warnings in CI.
 */
export function reportIdleAnswers(context: Context, plan: PlanBetween): void {
  const hazards = planHazards(plan.up);
  const filed = filedAnswers(context);
  for (const entry of idleAllowances(hazards, answersOf(context).allow)) {
    if (filed?.allow.includes(entry)) throw unusedAnswer(filed, `"allow": "${entry}"`);
    context.output.warn(`--allow ${entry} matches nothing: no step of this plan loses data in that way`);
  }
  for (const name of filed?.notRenamed ?? []) {
    const goes = [...plan.from.objects.values()].some(
      (object) => !plan.to.objects.has(object.id) && (object.id === name || shortName(object) === name),
    );
    if (!goes) throw unusedAnswer(filed!, `"notRenamed": "${name}"`);
  }
}

function filedAnswers({ options, cwd }: Context): Answers | undefined {
  const file = options.declares('answers') ? options.text('answers') : undefined;
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new TidemarkError('answers-unreadable', `cannot read the file of answers ${file} (${why})`, {
      exitCode: 2,
      hints: ['--answers takes a JSON file, with a path from the current folder.'],
      cause: error,
    });
  }
  return parseAnswers(text, file);
}
