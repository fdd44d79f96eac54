import { setMaxListeners } from 'node:events';
import { ArchiveError } from '../errors.ts';
import type { Ui } from './_ui.ts';
import { exitCodeOf } from './exit-codes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What of `process` this needs. */
export interface SignalSource {
  on(signal: (typeof SIGNALS)[number], listener: () => void): unknown;
  exit(code: number): void;
}

/**
 * The first Ctrl-C aborts the returned signal with `INTERRUPTED`, so that the work stops and cleans up; a second one, when that
 * takes too long, ends the process at once. The error's details name the signal: a service is stopped with SIGTERM.
 */
export function listenForInterrupts(ui: Pick<Ui, 'say'>, source: SignalSource): AbortSignal {
  const controller = new AbortController();
  // every budget of the process listens to it
  setMaxListeners(0, controller.signal);
  const onSignal = (name: (typeof SIGNALS)[number]) => {
    if (controller.signal.aborted) {
      source.exit(exitCodeOf('INTERRUPTED'));
      return;
    }
    ui.say('stopping; press Ctrl-C again to exit at once');
    controller.abort(new ArchiveError('INTERRUPTED', 'interrupted', { details: { signal: name } }));
  };
  for (const name of SIGNALS) source.on(name, () => onSignal(name));
  return controller.signal;
}
