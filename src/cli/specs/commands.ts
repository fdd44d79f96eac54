import type { CommandSpec } from './command-spec.ts';
import { ARCHIVE_COMMANDS } from './archive.ts';
import { BACKFILL_COMMANDS } from './backfill.ts';
import { CONSOLE_COMMANDS } from './console.ts';
import { FIND_COMMANDS } from './find.ts';
import { JOB_COMMANDS } from './jobs.ts';
import { KEEP_COMMANDS } from './keep.ts';
import { KEY_COMMANDS } from './keys.ts';
import { LOG_COMMANDS } from './log.ts';
import { PROOF_COMMANDS } from './proof.ts';
import { READ_COMMANDS } from './read.ts';
import { SIMULATOR_COMMANDS } from './simulate.ts';
import { START_COMMANDS } from './start.ts';

/** In the order the help lists them, by what they are for. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, commands: readonly CommandSpec[]])[] = [
  ['Begin:', START_COMMANDS],
  ['Archive:', ARCHIVE_COMMANDS],
  ['Find:', [...FIND_COMMANDS, ...LOG_COMMANDS, ...CONSOLE_COMMANDS]],
  ['Read back:', READ_COMMANDS],
  ['Many at once:', [...BACKFILL_COMMANDS, ...JOB_COMMANDS]],
  ['Keep:', KEEP_COMMANDS],
  ['Prove:', PROOF_COMMANDS],
  ['Keys:', KEY_COMMANDS],
  ['Test:', SIMULATOR_COMMANDS],
];

export const COMMANDS: readonly CommandSpec[] = COMMAND_GROUPS.flatMap(([, commands]) => commands);
