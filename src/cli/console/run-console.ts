import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { abortReason } from '../../clock.ts';
import type { ConsoleArchive } from '../../console/console-archive.ts';
import { readLicences } from '../../console/read-licences.ts';
import { type ConsoleOptions, startConsole } from '../../console/start-console.ts';
import type { CommandContext } from '../_context.ts';
import { whoAsks } from '../find/people.ts';
import { openBrowser } from './open-browser.ts';
import { untilAborted } from './until-aborted.ts';

export const DEFAULT_PORT = 8090;

export interface ConsoleRun {
  readonly archives: readonly ConsoleArchive[];
  readonly port: number;
  /** Opens the page in the browser. */
  readonly open: boolean;
  readonly reasonRequired: boolean;
}

/**
 * Serves the page until a signal.
 *
 * @returns 0 after SIGTERM.
 * @throws `INTERRUPTED` after Ctrl-C; `USAGE` when the port is in use.
 */
export async function runConsole(
  { ui, clock, logger, signal }: Pick<CommandContext, 'ui' | 'clock' | 'logger' | 'signal'>,
  { archives, port, open, reasonRequired }: ConsoleRun,
): Promise<number> {
  const running = await startConsole({
    archives,
    port,
    ...(await pageFiles()),
    who: whoAsks(),
    reasonRequired,
    clock,
    logger,
  });
  const opened = open ? await openBrowser(running.launchUrl) : undefined;
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

/** Where the page’s files are, the script that makes waveforms, and what the package brings along. */
export async function pageFiles(): Promise<Pick<ConsoleOptions, 'pageFolder' | 'peaksWorker' | 'licences'>> {
  const folder = programFolder();
  return {
    pageFolder: path.join(folder, 'console'),
    peaksWorker: pathToFileURL(path.join(folder, 'peaks-worker.mjs')),
    licences: await readLicences(folder),
  };
}

/** Where the program is, and what it is built with: `dist`. */
function programFolder(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  // bundled, it is in lambda/chunks/
  return path.basename(here) === 'chunks' ? path.resolve(here, '../..') : here;
}
