import { ArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { CommandOutline } from '../specs/command-outline.ts';

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
    throw new ArchiveError('USAGE', 'there is no completion for that shell', { hint: 'bash, zsh or fish' });
  }
  const script = known.script(commands);
  if (ui.json) ui.record('completion', { shell, script });
  else ui.out(script);
  ui.say(`to install it: ${known.howToInstall}`);
  return Promise.resolve(0);
}
