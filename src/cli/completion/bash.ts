import type { CommandOutline } from '../specs/command-outline.ts';
import {
  type CompletedCommand,
  type Completes,
  completedCommands,
  type Flag,
  globalFlags,
  VERSION_FLAG,
} from './model.ts';

/** For bash 3.2 (macOS) and later. */
export function bashCompletion(outlines: readonly CommandOutline[]): string {
  const commands = completedCommands(outlines);
  const globals = globalFlags();
  const first = [...commands.map(({ name }) => name), ...flagNames([...globals, VERSION_FLAG])];
  return [
    '_genesys_archive_files() {',
    '  local name',
    '  compopt -o filenames 2>/dev/null',
    '  while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen "$1" -- "$current")',
    '}',
    '_genesys_archive() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} previous= command= skip= word at',
    '  for ((at = 1; at < COMP_CWORD; at++)); do',
    '    word=${COMP_WORDS[at]}',
    '    if [[ -n $skip && $word != = ]]; then skip=; continue; fi',
    '    case $word in',
    '      --config) skip=1 ;;',
    '      -* | =) ;;',
    '      *) command=$word; break ;;',
    '    esac',
    '  done',
    '  COMPREPLY=()',
    // bash takes --depth=full for three words
    '  if ((COMP_CWORD > 1)); then previous=${COMP_WORDS[COMP_CWORD-1]}; fi',
    '  if [[ $current == = ]]; then current=; fi',
    '  if [[ $previous == = ]] && ((COMP_CWORD > 2)); then previous=${COMP_WORDS[COMP_CWORD-2]}; fi',
    '  case "$command $previous" in',
    ...globals.flatMap((flag) => valueCase('*', flag)),
    ...commands.flatMap(({ name, flags }) => flags.flatMap((flag) => valueCase(name, flag))),
    '  esac',
    '  case $command in',
    `    '') COMPREPLY=($(compgen -W '${first.join(' ')}' -- "$current")) ;;`,
    ...commands.map((command) => commandCase(command, globals)),
    '  esac',
    '  return 0',
    '}',
    'complete -F _genesys_archive genesys-archive',
  ].join('\n');
}

function valueCase(command: string, { names, value, completes }: Flag): string[] {
  if (value === 'none') return [];
  const prefix = command === '*' ? '*' : `'${command}'`;
  const patterns = names.map((name) => `${prefix}' ${name}'`).join(' | ');
  // after an optional value another flag may stand as well
  const unless = value === 'optional' ? '[[ $current == -* ]] || ' : '';
  return [`    ${patterns}) ${unless}{ ${offer(completes)}return 0; } ;;`];
}

function commandCase({ name, flags, completes }: CompletedCommand, globals: readonly Flag[]): string {
  const words = flagNames([...flags, ...globals]).join(' ');
  return `    ${name}) if [[ $current == -* ]]; then COMPREPLY=($(compgen -W '${words}' -- "$current")); else ${offer(completes)}:; fi ;;`;
}

function offer(completes: Completes): string {
  if (completes === 'nothing') return '';
  if (completes === 'files') return '_genesys_archive_files -f; ';
  if (completes === 'directories') return '_genesys_archive_files -d; ';
  return `COMPREPLY=($(compgen -W '${completes.join(' ')}' -- "$current")); `;
}

/** The long ones: who wants the short one types it. */
const flagNames = (flags: readonly Flag[]) => flags.map(({ names }) => names.at(-1) ?? '');
