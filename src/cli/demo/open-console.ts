import { loadConfig } from '../../config/config.ts';
import { openConsoleArchive } from '../../create/console.ts';
import type { CommandContext } from '../_context.ts';
import { runConsole } from '../console/run-console.ts';

/** Serves the console over the demo's archive, on any free port. Throws as `runConsole`. */
export async function openDemoConsole(
  context: CommandContext,
  settings: Readonly<Record<string, string>>,
): Promise<number> {
  const { clock, logger } = context;
  const config = loadConfig({ env: settings }, 'wrap');
  const archive = await openConsoleArchive(config, { clock, logger });
  return runConsole(context, { archives: [archive], port: 0, open: true, reasonRequired: false });
}
