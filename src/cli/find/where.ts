import { Command, CommanderError } from 'commander';
import type { SearchQuery } from '../../catalogue/search/query.ts';
import { ArchiveError } from '../../errors.ts';
import type { OptionSpec } from '../specs/command-outline.ts';
import { QUERY_OPTIONS, type QueryOptions, queryOf } from './query-options.ts';

/**
 * What `--where` says: the flags of `find`, in one argument.
 *
 * @throws `USAGE`.
 */
export function parseWhere(text: string): { readonly query: SearchQuery; readonly options: QueryOptions } {
  const command = new Command('--where')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} })
    .helpOption(false)
    .argument('[id...]');
  for (const option of QUERY_OPTIONS) {
    const { flags, description, parse }: OptionSpec = option;
    if (parse === undefined) command.option(flags, description);
    else command.option(flags, description, parse);
  }
  try {
    command.parse(splitWords(text), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new ArchiveError('USAGE', `--where: ${error.message.replace(/^error: /, '').split('\n')[0]}`, {
      hint: 'it takes the flags of find, e.g. --where "--queue Claims --from 2026-03-01"',
    });
  }
  const options = command.opts<QueryOptions>();
  const query = queryOf(command.args, options);
  if (Object.keys(query).length === 0)
    throw new ArchiveError('USAGE', '--where says nothing', {
      hint: 'e.g. --where "--queue Claims --from 2026-03-01"',
    });
  return { query, options };
}

/** As a shell does: words, with white space inside of quotes. @throws `USAGE` for a quote without its end. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+)/gy;
  let at = 0;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    at = pattern.lastIndex;
    const word = (found[1] ?? '').replaceAll(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
      (_all, double?: string, single?: string, escaped?: string) =>
        double?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? escaped ?? '',
    );
    words.push(word);
  }
  if (text.slice(at).trim() !== '') throw new ArchiveError('USAGE', '--where has a quote without its end');
  return words;
}
