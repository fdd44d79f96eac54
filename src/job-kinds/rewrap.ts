import { unlimited } from '../clock.ts';
import type { WrapConfig } from '../config/config.ts';
import { openAmending, openConfiguredStore, openKeySources } from '../create/archiver.ts';
import { chooseWrap, openUnwrappers, openWrap } from '../envelope/keys/sources.ts';
import { createRewrapper } from '../envelope/rewrap.ts';
import { type Rewrap, type RewrapPorts, rewrapRecording } from '../rekey/rewrap-recordings.ts';
import { readOptions, rekeyOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource, JobTools } from './kind-source.ts';
import { recordingsKind } from './recordings-kind.ts';
import { rekeyOutcome } from './rekey-outcome.ts';

/** Opens what moves data keys, without the store. @throws `CONFIG_INVALID`, `USAGE`, `KMS_*`, `SECRET_*`. */
export async function openRewrapping(
  config: WrapConfig,
  { wrap, unverified }: { readonly wrap: string | undefined; readonly unverified: boolean },
  tools: Pick<JobTools, 'clock' | 'logger'>,
  budget = unlimited,
): Promise<Omit<RewrapPorts, 'store'>> {
  const rewrapper = await openKeySources(config, async (sources) => {
    const wrapper = await openWrap(chooseWrap(wrap, sources), sources, tools);
    const unwrappers = await openUnwrappers(sources, tools);
    return createRewrapper({ wrapper, unwrappers, organizationId: sources.organizationId });
  });
  return { rewrapper, ...(await openAmending(config, tools, budget)), unverified };
}

const STATES: Readonly<Record<Rewrap['state'], 'done' | 'already' | 'failed'>> = {
  rewrapped: 'done',
  current: 'already',
  'static-key': 'already',
  unsupported: 'failed',
};

/** Moves data keys under another wrapping key. */
export const rewrapJobs: JobKindSource = {
  name: 'rewrap',
  open: async (tools) =>
    recordingsKind({
      name: 'rewrap',
      sleep: (ms, signal) => tools.clock.sleep(ms, signal),
      open: async (given) => {
        const { wrap, unverified, ...archive } = readOptions(rekeyOptions, given);
        const config = await tools.settings('wrap');
        const store = await openConfiguredStore(config, tools);
        const ports = { store, ...(await openRewrapping(config, { wrap, unverified }, tools)) };
        requireSameArchive(archive, { store, layout: config.layout });
        return {
          one: async (key, budget) => {
            const { state, reason } = await rewrapRecording(ports, key, { dryRun: false }, budget);
            return rekeyOutcome(STATES[state], { reason });
          },
        };
      },
    }),
};
