import type { WrapConfig } from '../config/config.ts';
import { openConfiguredStore, openKeySources, readTrust } from '../create/archiver.ts';
import { type Adopter, createAdopter } from '../envelope/adopt.ts';
import { chooseWrap, openWrap } from '../envelope/keys/sources.ts';
import { ArchiveError } from '../errors.ts';
import { adoptRecording } from '../rekey/adopt-recordings.ts';
import { readOptions, rekeyOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource, JobTools } from './kind-source.ts';
import { recordingsKind } from './recordings-kind.ts';
import { rekeyOutcome } from './rekey-outcome.ts';

/** Opens what wraps the static key; `end` frees it. @throws `CONFIG_INVALID`, `USAGE`. */
export function openAdopter(
  config: WrapConfig,
  wrap: string | undefined,
  tools: Pick<JobTools, 'clock' | 'logger'>,
): Promise<Adopter> {
  return openKeySources(config, async (sources) => {
    const { staticKey, organizationId } = sources;
    if (staticKey === undefined) {
      throw new ArchiveError('CONFIG_INVALID', 'ENCRYPTION_KEY_HEX is not set: it is the key to be wrapped');
    }
    const wrapper = await openWrap(chooseWrap(wrap, sources), sources, tools);
    return createAdopter({ staticKey, wrapper, organizationId });
  });
}

/** Writes instruction files beside objects of the static key. */
export const adoptJobs: JobKindSource = {
  name: 'adopt',
  open: async (tools) =>
    recordingsKind({
      name: 'adopt',
      sleep: (ms, signal) => tools.clock.sleep(ms, signal),
      open: async (given) => {
        const { wrap, unverified, ...archive } = readOptions(rekeyOptions, given);
        const config = await tools.settings('wrap');
        const store = await openConfiguredStore(config, tools);
        const trust = await readTrust(config);
        requireSameArchive(archive, { store, layout: config.layout });
        const adopter = await openAdopter(config, wrap, tools);
        const ports = { store, adopter, ...trust, unverified };
        return {
          one: async (key, budget) => {
            const { state } = await adoptRecording(ports, key, { dryRun: false }, budget);
            return rekeyOutcome(state === 'adopted' ? 'done' : 'already');
          },
          close: () => adopter.end(),
        };
      },
    }),
};
