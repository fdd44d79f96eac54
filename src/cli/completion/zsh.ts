import type { CommandOutline } from '../specs/command-outline.ts';
import { type Completes, completedCommands, type Flag, globalFlags, VERSION_FLAG } from './model.ts';

/** A completion function of zsh's own kind: to be sourced, or a file `_genesys-archive` in `$fpath`. */
export function zshCompletion(outlines: readonly CommandOutline[]): string {
  const commands = completedCommands(outlines);
  return [
    '#compdef genesys-archive',
    '_genesys_archive() {',
    '  local curcontext=$curcontext state state_descr line',
    '  typeset -A opt_args',
    '  local -a globals commands',
    `  globals=(${globalFlags().map(flagSpec).join(' ')})`,
    '  commands=(',
    ...commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`),
    '  )',
    `  _arguments -C $globals ${flagSpec(VERSION_FLAG)} '1: :->command' '*:: :->argument' && return 0`,
    '  case $state in',
    '    command) _describe -t commands command commands ;;',
    '    argument)',
    '      curcontext=${curcontext%:*:*}:genesys-archive-$words[1]:',
    '      case $words[1] in',
    ...commands.flatMap(({ name, flags, completes }) => [
      `        ${name})`,
      '          _arguments -s -S $globals \\',
      ...flags.map((flag) => `            ${flagSpec(flag)} \\`),
      `            ${quote(`*: :${action(completes)}`)} ;;`,
    ]),
    '      esac ;;',
    '  esac',
    '}',
    'if [[ $zsh_eval_context[-1] == loadautofunc ]]; then',
    '  _genesys_archive "$@"',
    'else',
    '  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }',
    '  compdef _genesys_archive genesys-archive',
    'fi',
  ].join('\n');
}

/** As `_arguments` reads it: `(-e --event)'{-e,--event}'[description]:FILE:_files`. */
function flagSpec({ names, description, value, completes }: Flag): string {
  const label = `[${description.replaceAll(/[\\[\]:]/g, String.raw`\$&`)}]`;
  const colon = value === 'none' ? '' : `${value === 'optional' ? '::' : ':'}value:${action(completes)}`;
  const equals = value === 'none' ? '' : '=';
  const [only = '', ...others] = names.map((name) => (name.startsWith('--') ? `${name}${equals}` : name));
  if (others.length === 0) return quote(`${only}${label}${colon}`);
  const group = `(${names.join(' ')})`;
  return [only, ...others].map((name) => quote(`${group}${name}${label}${colon}`)).join(' ');
}

function action(completes: Completes): string {
  if (completes === 'nothing') return ' ';
  if (completes === 'files') return '_files';
  if (completes === 'directories') return '_path_files -/';
  return `(${completes.join(' ')})`;
}

const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
