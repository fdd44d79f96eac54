import { listSettings } from '../../config/schema.ts';
import { ArchiveError } from '../../errors.ts';
import type { CommandSpec } from '../_command-spec.ts';
import { COMMANDS } from '../_commands.ts';
import type { CommandContext } from '../_context.ts';
import { flagOf } from '../_topics.ts';

const GLOBAL_FLAGS = ['--json', '--quiet', '--no-color', '--debug', '--config', '--help'];
const HOW_TO_INSTALL: Readonly<Record<string, string>> = {
  bash: 'genesys-archive completion bash > ~/.local/share/bash-completion/completions/genesys-archive',
  zsh: 'add to ~/.zshrc: source <(genesys-archive completion zsh)',
  fish: 'genesys-archive completion fish > ~/.config/fish/completions/genesys-archive.fish',
};

/** Prints a script that completes commands and flags. It is made of the same data as the help. */
export function run({ ui }: CommandContext, [shell = '']: readonly string[]): Promise<number> {
  const howToInstall = HOW_TO_INSTALL[shell];
  if (howToInstall === undefined || !Object.hasOwn(HOW_TO_INSTALL, shell)) {
    throw new ArchiveError('USAGE', 'there is no completion for that shell', { hint: 'bash, zsh or fish' });
  }
  const script = shell === 'fish' ? forFish() : shell === 'zsh' ? forZsh() : forBash();
  if (ui.json) ui.record('completion', { shell, script });
  else ui.out(script);
  ui.say(`to install it: ${howToInstall}`);
  return Promise.resolve(0);
}

function flagsOf({ options, purpose }: CommandSpec): string[] {
  const own = options.flatMap(({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? []);
  const mirrored = listSettings().flatMap(([name, { usedFor }]) =>
    purpose !== undefined && usedFor.includes(purpose) ? (flagOf(name) ?? []) : [],
  );
  return [...own, ...mirrored, ...GLOBAL_FLAGS];
}

function forBash(): string {
  const names = [...COMMANDS.map(({ name }) => name), 'help'].join(' ');
  return [
    '_genesys_archive() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} command= word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case $word in -*) ;; *) command=$word; break ;; esac',
    '  done',
    '  COMPREPLY=()',
    '  case $command in',
    `    '') COMPREPLY=($(compgen -W '${names} ${GLOBAL_FLAGS.join(' ')} --version' -- "$current")) ;;`,
    `    help) COMPREPLY=($(compgen -W '${names} environment exit-codes' -- "$current")) ;;`,
    ...COMMANDS.map(
      (spec) =>
        `    ${spec.name}) [[ $current == -* ]] && COMPREPLY=($(compgen -W '${flagsOf(spec).join(' ')}' -- "$current")) ;;`,
    ),
    '  esac',
    '  return 0',
    '}',
    // what is no flag is a file, for want of better knowledge
    'complete -o default -F _genesys_archive genesys-archive',
  ].join('\n');
}

/** zsh runs completions of bash. */
function forZsh(): string {
  return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${forBash()}`;
}

function forFish(): string {
  const quote = (text: string) => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  return COMMANDS.flatMap((spec) => [
    `complete -c genesys-archive -n __fish_use_subcommand -a ${spec.name} -d ${quote(spec.summary)}`,
    ...flagsOf(spec).map(
      (flag) =>
        `complete -c genesys-archive -n '__fish_seen_subcommand_from ${spec.name}' -l ${flag.slice(2)}`,
    ),
  ]).join('\n');
}
