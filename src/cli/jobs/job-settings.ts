/** What a runner on the command line is made with. */
import { hostname } from 'node:os';
import type { ConfigFor, Purpose } from '../../config/config.ts';
import type { JobTools } from '../../job-kinds/kind-source.ts';
import { type CommandContext, readSettings } from '../_context.ts';

/** Settings by purpose, each read once; a warning that several purposes have is told once. */
export function jobTools(context: CommandContext): JobTools {
  const told = new Set<string>();
  const ui = {
    ...context.ui,
    warn: (text: string) => {
      if (!told.has(text)) context.ui.warn(text);
      told.add(text);
    },
  };
  const known: { [P in Purpose]?: Promise<ConfigFor[P]> } = {};
  const settings = <P extends Purpose>(purpose: P): Promise<ConfigFor[P]> => {
    const reading: Promise<ConfigFor[P]> = known[purpose] ?? readSettings({ ...context, ui }, purpose);
    Object.assign(known, { [purpose]: reading });
    return reading;
  };
  return { clock: context.clock, logger: context.logger, settings };
}

/** This process, for people: a job shows who works on it. */
export function runnerName(program: string): string {
  // of a host's name what cannot be taken for anything else
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9.-]/g, '')
    .slice(0, 60);
  return `${program} on ${host === '' ? 'this host' : host} (process ${process.pid})`;
}
