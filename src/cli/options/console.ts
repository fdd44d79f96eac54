import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber } from './option-values.ts';
import { ALL_ARCHIVES } from './shared.ts';

export const CONSOLE_OPTIONS = [
  {
    flags: '--port <N>',
    description: 'port to listen on (default 8090; 0: any)',
    parse: wholeNumber(0, 65_535),
  },
  {
    flags: '--host <ADDRESS>',
    description: 'address to listen on, where ARCHIVE_CONSOLE_SIGN_ON signs people in (default 127.0.0.1)',
  },
  { flags: '--open', description: 'open the page in the browser' },
  { ...ALL_ARCHIVES, description: 'all archives of the settings file; the page chooses among them' },
] as const satisfies readonly OptionSpec[];
export type ConsoleCommandOptions = OptionsOf<typeof CONSOLE_OPTIONS>;
