import type { CommandSpec } from './_command-spec.ts';
import { ARCHIVE_COMMANDS } from './_commands-archive.ts';
import { KEY_COMMANDS } from './_commands-keys.ts';
import { READ_COMMANDS } from './_commands-read.ts';
import { SIMULATOR_COMMANDS } from './_commands-simulate.ts';
import { START_COMMANDS } from './_commands-start.ts';

/** In the order the help lists them, by what they are for. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, commands: readonly CommandSpec[]])[] = [
  ['Begin:', START_COMMANDS],
  ['Archive:', ARCHIVE_COMMANDS],
  ['Read back:', READ_COMMANDS],
  ['Keys:', KEY_COMMANDS],
  ['Test:', SIMULATOR_COMMANDS],
];

export const COMMANDS: readonly CommandSpec[] = COMMAND_GROUPS.flatMap(([, commands]) => commands);
