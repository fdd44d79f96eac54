import { ArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CommandOutline } from '../specs/command-outline.ts';
import { printable } from '../_format.ts';
import { listWords } from '../specs/actions.ts';

interface Shell {
  readonly script: (commands: readonly CommandOutline[]) => string;
  readonly howToInstall: string;
}

const SHELLS: ReadonlyMap<string, Shell> = new Map([
  [
    'bash',
    {
      script: bashCompletion,
      howToInstall:
        'genesys-archive completion bash > ~/.local/share/bash-completion/completions/genesys-archive',
    },
  ],
  [
    'zsh',
    { script: zshCompletion, howToInstall: 'add to ~/.zshrc: source <(genesys-archive completion zsh)' },
  ],
  [
    'fish',
    {
      script: fishCompletion,
      howToInstall: 'genesys-archive completion fish > ~/.config/fish/completions/genesys-archive.fish',
    },
  ],
]);

/** Prints a script that completes commands, flags and their values. It is made of the same data as the help. */
export function run({ ui, commands }: CommandContext, [shell = '']: readonly string[]): Promise<number> {
  const known = SHELLS.get(shell);
  if (known === undefined) {
    throw new ArchiveError('USAGE', `no completion for ${printable(shell.slice(0, 40))}`, {
      hint: listWords([...SHELLS.keys()]),
    });
  }
  const script = known.script(commands);
  if (ui.json) ui.record('completion', { shell, script });
  else ui.out(script);
  ui.say(`to install it: ${known.howToInstall}`);
  return Promise.resolve(0);
}
