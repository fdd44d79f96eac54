import { ARCHIVE_VARIABLE } from '../../config/archives/archive-names.ts';
import { listArchives, type WrapConfig } from '../../config/config.ts';
import type { ConsoleArchive } from '../../console/console-archive.ts';
import { openConsoleArchive } from '../../create/console.ts';
import { ArchiveError } from '../../errors.ts';
import { type CommandContext, readSettings, readSources } from '../_context.ts';
import { DEFAULT_PORT, pageFiles, runConsole } from '../console/run-console.ts';
import { serveShared } from '../console/serve-shared.ts';
import { present } from '../../present.ts';
import type { ConsoleCommandOptions } from '../options/console.ts';

/** Serves the page to the person who starts it, until Ctrl-C. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  { host, port = DEFAULT_PORT, open = false, allArchives = false }: ConsoleCommandOptions,
): Promise<number> {
  const { clock, logger } = context;
  const archives: ConsoleArchive[] = [];
  let reasonRequired = false;
  let shared: WrapConfig['consoleSignOn'] | undefined;
  for (const name of await archivesToShow(context, allArchives)) {
    const own = name === undefined ? context : { ...context, archive: name };
    const config = await readSettings(own, 'wrap');
    reasonRequired ||= config.consoleReason === 'required';
    if (config.consoleSignOn.file !== undefined) shared = config.consoleSignOn;
    archives.push(await openConsoleArchive(config, { name, clock, logger }));
  }
  if (shared !== undefined) {
    const served = { archives, port, reasonRequired, clock, logger, ...(await pageFiles()), ...shared };
    return serveShared(context, { ...served, ...present({ host }) });
  }
  if (host !== undefined) {
    const message = '--host is for a console that several share, and no provider signs people in';
    throw new ArchiveError('USAGE', message, {
      hint: 'set ARCHIVE_CONSOLE_SIGN_ON; docs/console-sign-on.md says how',
    });
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
