import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS = [
  { flags: '--json', description: 'print JSON lines, each with a type and a schemaVersion' },
  { flags: '-q, --quiet', description: 'no progress and no messages, only data, warnings and errors' },
  { flags: '--no-color', description: 'no colours; so does the variable NO_COLOR' },
  { flags: '--debug', description: 'log to stderr, and say where errors come from' },
  {
    flags: '--config <FILE>',
    description: 'settings file (default ./genesys-archive.config.json, where it exists)',
  },
  {
    flags: '--archive <NAME>',
    description: 'which of several archives of the settings file (default: the only one; GENESYS_ARCHIVE)',
  },
] as const satisfies readonly OptionSpec[];

export type GlobalOptions = OptionsOf<typeof GLOBAL_OPTIONS>;
