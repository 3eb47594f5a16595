#!/usr/bin/env node
import module from 'node:module';

// Kept small on purpose: what is imported here is paid for by every command.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const argv = process.argv.slice(2);
if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
  const { TOOL_VERSION } = await import('../migrations/tool-version.js');
  process.stdout.write(`${TOOL_VERSION}\n`);
} else {
  const { runCommandLine } = await import('./run.js');
  process.exitCode = await runCommandLine(argv, process);
}
