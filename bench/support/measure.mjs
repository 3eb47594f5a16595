import { spawnSync } from 'node:child_process';

/**
 * Runs a program to its end. Gives the seconds it took: `wall` by the clock, `cpu` of the process and its
 * children (user and system). Throws with what it printed when it fails.
 */
export function run([program, ...args], { cwd, env = process.env } = {}) {
  const started = process.hrtime.bigint();
  // `times` of bash is the portable way to the processor time of a process that has ended (sh counts in 10 ms).
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', '"$@"; code=$?; echo; echo ---; times; exit $code', 'bash', program, ...args],
    { cwd, env, encoding: 'utf8', maxBuffer: 1 << 30 },
  );
  const wall = Number(process.hrtime.bigint() - started) / 1e9;
  const end = stdout.lastIndexOf('\n---\n');
  if (status !== 0) {
    throw new Error(`${[program, ...args].join(' ')} ended with ${status}\n${stdout.slice(0, end)}${stderr}`);
  }
  const [user, system] = stdout.trimEnd().split('\n').at(-1).split(' ').map(secondsOf);
  return { wall, cpu: user + system, output: stdout.slice(0, end) };
}

function secondsOf(text) {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text);
  return Number(minutes) * 60 + Number(seconds);
}

/**
 * Measures several things in turn (A B C, A B C, …), so that a machine that slows down slows all of them.
 * Each is a function that gives `{ wall, cpu }`; the first round warms up and does not count.
 * Gives the list of results of each, by its name.
 */
export async function inTurn(contestants, rounds) {
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, measure] of Object.entries(contestants)) {
      const { wall, cpu } = await measure(round);
      if (round > 0) results[name].push({ wall, cpu });
    }
  }
  return results;
}

/** The median over the rounds of a/b within each round. */
export function ratio(a, b, figure) {
  return median(a.map((result, round) => result[figure] / b[round][figure]));
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
