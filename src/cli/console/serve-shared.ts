import { readFile } from 'node:fs/promises';
import { abortReason } from '../../clock.ts';
import type { WrapConfig } from '../../config/config.ts';
import { openSignOn } from '../../console/sign-on/open-sign-on.ts';
import { type ConsoleOptions, startSharedConsole } from '../../console/start-console.ts';
import { ArchiveError, describeForeign } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { untilAborted } from './until-aborted.ts';

const LOOPBACK = '127.0.0.1';

/** Serves the page to people whom a provider signs in, until Ctrl-C. */
export async function serveShared(
  { ui, clock, signal }: CommandContext,
  options: ConsoleOptions & WrapConfig['consoleSignOn'] & { readonly host?: string | undefined },
): Promise<number> {
  const { file: name = '', clientSecret, sessionKey, host = LOOPBACK } = options;
  const file = { name, text: await readText(name) };
  const opened = await openSignOn({ file, clientSecret, sessionKey, clock });
  if (sessionKey === undefined) {
    ui.warn('ARCHIVE_CONSOLE_SESSION_KEY is not set: people sign in again when the console is restarted');
  }
  const running = await startSharedConsole({ ...options, ...opened, host });
  try {
    const { address, signOn } = opened;
    if (ui.json) ui.record('console', { url: running.url, address, signOn: signOn.kind });
    else ui.out(address);
    ui.say(`the console runs on ${running.url}, people open it by ${address}; Ctrl-C ends it`);
    await untilAborted(signal);
  } finally {
    await running.stop();
  }
  const reason = abortReason(signal);
  if (reason.details['signal'] === 'SIGTERM') return 0;
  throw reason;
}

/** @throws `CONFIG_INVALID`. */
async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ArchiveError('CONFIG_INVALID', `${file} cannot be read: ${describeForeign(error)}`, {
      hint: 'ARCHIVE_CONSOLE_SIGN_ON names the sign-on file; docs/console-sign-on.md shows one',
    });
  }
}
