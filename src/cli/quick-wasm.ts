/**
 * Tells V8 not to compile WebAssembly a second time for speed. The embedded engine and the SQL parser are
 * WebAssembly, and what a command of a few seconds asks of them takes less time than the second compilation.
 * Before either is loaded; for our own process only, never for one that uses us as a library.
 */
export async function preferQuickWasm(): Promise<void> {
  // A V8 that does not know a flag complains on standard error; these are there up to 14.
  if (Number.parseInt(process.versions.v8, 10) > 14) return;
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
}
