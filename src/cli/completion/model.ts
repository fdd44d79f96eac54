import { listSettings } from '../../config/schema.ts';
import type { CommandOutline } from '../specs/command-outline.ts';
import { GLOBAL_OPTIONS } from '../options/global.ts';
import { choicesOf } from '../options/option-values.ts';
import { flagOf, TOPICS } from '../_topics.ts';

/** What may stand in a place: names of files or folders, one of some words, or something that a shell cannot know. */
export type Completes = 'files' | 'directories' | 'nothing' | readonly string[];

export interface Flag {
  /** e.g. `-e` and `--event`; the long one last. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: 'none' | 'optional' | 'required';
  readonly completes: Completes;
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What its arguments are. */
  readonly completes: Completes;
}

/** Flags that stand before or after the name of the command. */
export function globalFlags(): readonly Flag[] {
  return [...GLOBAL_OPTIONS, HELP].map(readFlag);
}

/** Only before the name of a command. */
export const VERSION_FLAG: Flag = {
  names: ['--version'],
  description: 'print the version',
  value: 'none',
  completes: 'nothing',
};

/** The commands with their flags, from the data that the help is made of. */
export function completedCommands(outlines: readonly CommandOutline[]): readonly CompletedCommand[] {
  const commands = outlines.map(
    (spec): CompletedCommand => ({
      name: spec.name,
      summary: spec.summary,
      flags: [...spec.options.map(readFlag), ...settingFlags(spec)],
      completes: spec.completes ?? ('nothing' as const),
    }),
  );
  const topics = [...commands.map(({ name }) => name), ...Object.keys(TOPICS)];
  const help = { name: 'help', summary: 'show help for a command or topic', flags: [], completes: topics };
  return [...commands, help];
}

const HELP = { flags: '-h, --help', description: 'show this help' };

function readFlag(option: {
  readonly flags: string;
  readonly description: string;
  readonly parse?: unknown;
}): Flag {
  const { flags, description } = option;
  const names = flags.match(/(?<![\w-])--?[a-z0-9][a-z0-9-]*/g) ?? [];
  const [, open, placeholder = ''] = /([<[])([^>\]]+)[>\]]/.exec(flags) ?? [];
  const value = open === undefined ? 'none' : open === '<' ? 'required' : 'optional';
  const known = { FILE: 'files', DIR: 'directories' } as const;
  const completes =
    choicesOf(option.parse) ??
    (placeholder === 'FILE' || placeholder === 'DIR' ? known[placeholder] : 'nothing');
  return { names, description, value, completes };
}

function settingFlags({ purpose }: CommandOutline): Flag[] {
  return listSettings().flatMap(([name, { meaning, usedFor, default: byDefault }]) => {
    const flag = flagOf(name);
    if (purpose === undefined || flag === undefined || !usedFor.includes(purpose)) return [];
    const isSwitch = byDefault === '0';
    return {
      names: [flag],
      description: meaning.replaceAll('`', ''),
      value: isSwitch ? 'optional' : 'required',
      completes: isSwitch ? ['0', '1'] : name.endsWith('_FILE') ? 'files' : 'nothing',
    };
  });
}
