import { runCommandLine } from '../../../../src/cli/run.js';

/* The command line from source, in a process of its own that can be killed. */
process.exitCode = await runCommandLine(process.argv.slice(2), process);
