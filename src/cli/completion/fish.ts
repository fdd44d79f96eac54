import type { CommandOutline } from '../specs/command-outline.ts';
import { type Completes, completedCommands, type Flag, globalFlags, VERSION_FLAG } from './model.ts';

/** A file for `completions/genesys-archive.fish`. */
export function fishCompletion(outlines: readonly CommandOutline[]): string {
  return [
    'function __genesys_archive_command',
    '    set -l skip 0',
    '    for word in (commandline -opc)[2..-1]',
    '        if test $skip = 1',
    '            set skip 0',
    '        else if test $word = --config',
    '            set skip 1',
    '        else if not string match -q -- "-*" $word',
    '            echo $word',
    '            return 0',
    '        end',
    '    end',
    '    return 1',
    'end',
    'function __genesys_archive_is',
    '    set -l command (__genesys_archive_command)',
    '    and test $command = $argv[1]',
    'end',
    'complete -c genesys-archive -e',
    'complete -c genesys-archive -f',
    ...globalFlags().map((flag) => flagLine(flag)),
    flagLine(VERSION_FLAG, 'not __genesys_archive_command >/dev/null'),
    ...completedCommands(outlines).flatMap(({ name, summary, flags, completes }) => [
      `complete -c genesys-archive -n 'not __genesys_archive_command >/dev/null' -a ${name} -d ${quote(summary)}`,
      ...flags.map((flag) => flagLine(flag, `__genesys_archive_is ${name}`)),
      ...argumentLine(completes, `__genesys_archive_is ${name}`),
    ]),
  ].join('\n');
}

function flagLine({ names, description, value, completes }: Flag, condition?: string): string {
  const spelled = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const takes = value === 'required' ? valueOf(completes) : '';
  const when = condition === undefined ? '' : ` -n ${quote(condition)}`;
  return `complete -c genesys-archive${when} ${spelled.join(' ')}${takes} -d ${quote(description)}`;
}

function argumentLine(completes: Completes, condition: string): string[] {
  if (completes === 'nothing') return [];
  if (completes === 'files') return [`complete -c genesys-archive -n ${quote(condition)} -F`];
  if (completes === 'directories') {
    return [`complete -c genesys-archive -n ${quote(condition)} -a '(__fish_complete_directories)'`];
  }
  return [`complete -c genesys-archive -n ${quote(condition)} -a ${quote(completes.join(' '))}`];
}

/** `-r`: a value follows; `-x`: and it is not a file. */
function valueOf(completes: Completes): string {
  if (completes === 'nothing') return ' -x';
  if (completes === 'files') return ' -r -F';
  if (completes === 'directories') return " -x -a '(__fish_complete_directories)'";
  return ` -x -a ${quote(completes.join(' '))}`;
}

const quote = (text: string) => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
