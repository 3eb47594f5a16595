import type { Options } from './command.js';

/** Options of every command. */
export const globalOptions: Options = {
  env: {
    type: 'text',
    value: 'NAME',
    summary: 'the environment of the configuration to work on',
    env: 'TIDEMARK_ENV',
  },
  config: {
    type: 'text',
    value: 'FILE',
    summary: 'the configuration; else tidemark.config.{ts,js,mjs,json} here or above',
    env: 'TIDEMARK_CONFIG',
  },
  // Not --env-file: node takes that for its own, also behind the script (Node 20), and ends with 9.
  dotenv: { type: 'list', value: 'FILE', summary: 'read variables from FILE instead of .env' },
  url: {
    type: 'text',
    value: 'URL',
    summary: 'the database: postgres://user@host:5432/name, pglite:FOLDER or sqlite:PATH',
  },
  schema: { type: 'list', value: 'PATH', summary: 'the wanted schema: a file, a folder or a glob' },
  migrations: { type: 'text', value: 'FOLDER', summary: 'the folder of migrations' },
  dev: { type: 'text', value: 'WHERE', summary: 'where SQL is tried out: embedded, server, or a URL' },
  exclude: {
    type: 'list',
    value: 'PATTERN',
    summary: 'leave objects out: schema.name with *, or kind:schema.name',
  },
  include: {
    type: 'list',
    value: 'PATTERN',
    summary: 'manage only these objects, with their parts: patterns as for --exclude',
  },
  json: { type: 'flag', summary: 'one JSON document on standard output' },
  quiet: { type: 'flag', short: 'q', summary: 'no notes, only results and errors' },
  verbose: { type: 'flag', short: 'v', summary: 'say more about what is done' },
  debug: { type: 'flag', summary: 'show the stack of an error' },
  color: { type: 'flag', summary: 'colours; also NO_COLOR and FORCE_COLOR' },
  yes: {
    type: 'flag',
    short: 'y',
    summary: 'answer yes where only consent is asked; never consents to losing data',
  },
  help: { type: 'flag', short: 'h', summary: 'what the command does, with examples' },
  version: { type: 'flag', short: 'V', summary: 'the version of tidemark' },
};
