/** What `import { … } from 'tidemark'` gives. Everything heavy stays behind the functions that need it. */
export { type ExitCode, type SourceLocation, TidemarkError, type TidemarkErrorOptions } from './errors.js';
export {
  type Config,
  type ConfigExport,
  type ConfigInput,
  defineConfig,
  type EnvironmentConfig,
} from './project/config.js';
