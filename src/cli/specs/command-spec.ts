import type { CommandModule } from '../_context.ts';
import type { CommandOutline, OptionSpec } from './command-outline.ts';
import type { Fitting } from '../options/option-types.ts';

export type { OptionSpec };

/** A command as data: its help cannot drift from its parser, and its code is loaded only when it runs. */
export interface CommandSpec extends CommandOutline {
  /** More of its help, from code that is loaded only when the command is named. */
  readonly loadNotes?: () => Promise<string>;
  /** It takes `--all-archives`: it is run for each of several archives. */
  readonly allArchives?: AllArchives;
  readonly load: () => Promise<CommandModule>;
}

/** Returns the spec as it is. `load` compiles only where `run` takes the options of the spec: derive their type with `OptionsOf`, in `src/cli/options/`. */
export function defineCommand<const Options extends readonly OptionSpec[], Taken = object>(
  spec: Omit<CommandSpec, 'options' | 'load'> & {
    readonly options: Options;
    readonly load: (() => Promise<CommandModule<Taken>>) & Fitting<Taken, Options>;
  },
): CommandSpec {
  const { load } = spec;
  return { ...spec, load: load as () => Promise<CommandModule> };
}

/** What a command does where there are several archives. */
export interface AllArchives {
  /** It looks for something: one archive that has it is enough. */
  readonly isSearch?: boolean;
  /** Also without the option, where none is chosen. */
  readonly byDefault?: boolean;
  /** Options that name what only one archive can have, by their attribute. */
  readonly notWith?: readonly (readonly [attribute: string, flag: string])[];
}

/** What commands for recordings take as arguments. */
export const ID = 'id of a recording, or key of its object';
