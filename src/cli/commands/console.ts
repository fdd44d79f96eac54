import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { abortReason } from '../../clock.ts';
import { ARCHIVE_VARIABLE } from '../../config/archives/archive-names.ts';
import { listArchives } from '../../config/config.ts';
import type { ConsoleArchive } from '../../console/console-archive.ts';
import { startConsole } from '../../console/start-console.ts';
import { openConsoleArchive } from '../../create-console.ts';
import { type CommandContext, readSettings, readSources } from '../_context.ts';
import { openBrowser } from '../console/open-browser.ts';
import { whoAsks } from '../find/people.ts';

interface ConsoleCommandOptions {
  readonly port?: number;
  readonly open?: boolean;
  readonly allArchives?: boolean;
}

const DEFAULT_PORT = 8090;

/** Serves the page to the person who starts it, until Ctrl-C. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ConsoleCommandOptions,
): Promise<number> {
  const { ui, clock, logger, signal } = context;
  const archives: ConsoleArchive[] = [];
  let reasonRequired = false;
  for (const name of await archivesToShow(context, options)) {
    const config = await readSettings({ ...context, archive: name }, 'wrap');
    reasonRequired ||= config.consoleReason === 'required';
    archives.push(await openConsoleArchive(config, { name, clock, logger }));
  }
  const running = await startConsole({
    archives,
    port: options.port ?? DEFAULT_PORT,
    pageFolder: path.join(programFolder(), 'console'),
    peaksWorker: pathToFileURL(path.join(programFolder(), 'peaks-worker.mjs')),
    who: whoAsks(),
    reasonRequired,
    clock,
    logger,
  });
  const opened = options.open === true ? await openBrowser(running.launchUrl) : undefined;
  try {
    const { url, launchUrl } = running;
    if (ui.json) ui.record('console', { url, launchUrl, archives: archives.map(({ name }) => name ?? null) });
    else ui.out(launchUrl);
    ui.say('the address signs in once, with all that you may do: pass it to no one');
    if (opened?.outcome === 'failed') ui.warn('no browser could be opened: open the address above in one');
    ui.say(`the console runs on ${url}; Ctrl-C ends it`);
    await untilAborted(signal);
  } finally {
    await opened?.forget();
    await running.stop();
  }
  const reason = abortReason(signal);
  if (reason.details['signal'] === 'SIGTERM') return 0;
  throw reason;
}

/** The one that is chosen, or all of them. */
async function archivesToShow(
  context: CommandContext,
  { allArchives = false }: ConsoleCommandOptions,
): Promise<readonly (string | undefined)[]> {
  const sources = await readSources(context);
  const chosen = [sources.archive, sources.env[ARCHIVE_VARIABLE]].find((name) => (name ?? '') !== '');
  if (chosen !== undefined && !allArchives) return [chosen];
  const names = listArchives(sources);
  if (names.length === 0) return [undefined];
  return allArchives ? names : [undefined];
}

/** Where the program is, and what it is built with: `dist`. */
function programFolder(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  // bundled, it is in lambda/chunks/
  return path.basename(here) === 'chunks' ? path.resolve(here, '../..') : here;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
