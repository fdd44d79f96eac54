import { ARCHIVE_VARIABLE } from '../../config/archives/archive-names.ts';
import { listArchives } from '../../config/config.ts';
import type { ConsoleArchive } from '../../console/console-archive.ts';
import { openConsoleArchive } from '../../create-console.ts';
import { type CommandContext, readSettings, readSources } from '../_context.ts';
import { DEFAULT_PORT, runConsole } from '../console/run-console.ts';

interface ConsoleCommandOptions {
  readonly port?: number;
  readonly open?: boolean;
  readonly allArchives?: boolean;
}

/** Serves the page to the person who starts it, until Ctrl-C. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  { port = DEFAULT_PORT, open = false, allArchives = false }: ConsoleCommandOptions,
): Promise<number> {
  const { clock, logger } = context;
  const archives: ConsoleArchive[] = [];
  let reasonRequired = false;
  for (const name of await archivesToShow(context, allArchives)) {
    const own = name === undefined ? context : { ...context, archive: name };
    const config = await readSettings(own, 'wrap');
    reasonRequired ||= config.consoleReason === 'required';
    archives.push(await openConsoleArchive(config, { name, clock, logger }));
  }
  return runConsole(context, { archives, port, open, reasonRequired });
}

/** The one that is chosen, or with `--all-archives` all that the settings have; `undefined` is the only one of a file without archives. */
async function archivesToShow(
  context: CommandContext,
  allArchives: boolean,
): Promise<readonly (string | undefined)[]> {
  const sources = await readSources(context);
  if (allArchives) {
    const names = listArchives(sources);
    return names.length === 0 ? [undefined] : names;
  }
  const chosen = [sources.archive, sources.env[ARCHIVE_VARIABLE]].find((name) => (name ?? '') !== '');
  return [chosen];
}
