import { unlimited } from '../clock.ts';
import type { WrapConfig } from '../config/config.ts';
import { openAmending, openConfiguredVersions, openConfiguredStore } from '../create/archiver.ts';
import { findCompanions } from '../rekey/companions.ts';
import { type KeyMove, moveKey, type MovePorts } from '../rekey/move-key.ts';
import { readOptions, rekeyOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource, JobTools } from './kind-source.ts';
import { recordingsKind } from './recordings-kind.ts';
import { rekeyOutcome } from './rekey-outcome.ts';

/** Opens what moves data keys into records, without the store. @throws `CONFIG_INVALID`, `SECRET_*`. */
export async function openMoving(
  config: WrapConfig,
  unverified: boolean,
  tools: Pick<JobTools, 'clock' | 'logger'>,
  budget = unlimited,
): Promise<Omit<MovePorts, 'store'>> {
  const { organizationId } = config;
  const versions = await openConfiguredVersions(config, tools);
  return { ...(await openAmending(config, tools, budget)), versions, organizationId, unverified };
}

const STATES: Readonly<Record<KeyMove['state'], 'done' | 'already' | 'failed'>> = {
  moved: 'done',
  present: 'already',
  locked: 'failed',
  'other-format': 'failed',
  unsupported: 'failed',
};

/** A recording, and its context and transcript. */
export async function moveKeys(
  ports: MovePorts,
  key: string,
  options: { readonly dryRun: boolean },
  budget: Parameters<typeof moveKey>[3],
): Promise<KeyMove> {
  const moved = await moveKey(ports, key, options, budget);
  const all = [moved];
  for (const companion of await findCompanions(ports.store, key, budget)) {
    all.push(await moveKey(ports, companion, options, budget));
  }
  // what was done, or could not be done, to any of them
  const [told = moved] = [
    ...all.filter(({ state }) => STATES[state] === 'failed'),
    ...all.filter(({ state }) => state === 'moved'),
  ];
  return { ...told, key };
}

/** Moves data keys from the metadata of objects into key records. */
export const rekeyJobs: JobKindSource = {
  name: 'rekey',
  open: async (tools) =>
    recordingsKind({
      name: 'rekey',
      sleep: (ms, signal) => tools.clock.sleep(ms, signal),
      open: async (given) => {
        const { unverified, ...archive } = readOptions(rekeyOptions, given);
        const config = await tools.settings('wrap');
        const store = await openConfiguredStore(config, tools);
        const ports = { store, ...(await openMoving(config, unverified, tools)) };
        requireSameArchive(archive, { store, layout: config.layout });
        return {
          one: async (key, budget) => {
            const { state, reason } = await moveKeys(ports, key, { dryRun: false }, budget);
            const told = state === 'other-format' ? 'only s3ec-v3 has key records: reencrypt it' : reason;
            return rekeyOutcome(STATES[state], { reason: told });
          },
        };
      },
    }),
};
