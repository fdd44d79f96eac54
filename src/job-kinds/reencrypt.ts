import * as z from 'zod';
import { type Budget, unlimited } from '../clock.ts';
import type { WrapConfig } from '../config/config.ts';
import { createReader, openConfiguredStore, openKeySources, readTrust } from '../create/archiver.ts';
import { chooseWrap, openWrap } from '../envelope/keys/sources.ts';
import { createResealer, requireReadable } from '../envelope/reencrypt.ts';
import { ArchiveError } from '../errors.ts';
import { type ReencryptPorts, reencryptRecording } from '../rekey/reencrypt-recordings.ts';
import { readOptions, rekeyOptions, requireSameArchive } from './job-options.ts';
import type { JobKindSource, JobTools } from './kind-source.ts';
import { recordingsKind } from './recordings-kind.ts';
import { rekeyOutcome } from './rekey-outcome.ts';

interface Reencrypting {
  readonly wrap: string | undefined;
  readonly unverified: boolean;
  /** Where the new objects go. */
  readonly target: string;
}

/**
 * Opens what encrypts again, and proves that what it will write can be read.
 * @throws `USAGE` where the target lies within the archive; `CONFIG_INVALID`, `KMS_*`.
 */
export async function openReencrypting(
  config: WrapConfig,
  { wrap, unverified, target: place }: Reencrypting,
  tools: Pick<JobTools, 'clock' | 'logger'>,
  budget: Budget = unlimited,
): Promise<ReencryptPorts> {
  const source = await openConfiguredStore(config, tools);
  const target = await openConfiguredStore({ ...config, store: place }, tools);
  if (isWithin(source.location, target.location) || isWithin(target.location, source.location)) {
    throw new ArchiveError(
      'USAGE',
      'the new objects would lie within the archive they come from, or around it',
    );
  }
  const reader = await createReader(config, tools);
  const resealer = await openKeySources(config, async (sources) => {
    const choice = chooseWrap(wrap, sources);
    if (choice.kmsKeyId !== undefined) {
      throw new ArchiveError(
        'USAGE',
        'the new objects are read back, so their KMS key has to be the configured one',
        {
          hint: 'set ARCHIVE_KMS_KEY_ID, and say --wrap kms',
        },
      );
    }
    const wrapper = await openWrap(choice, sources, tools);
    return createResealer(wrapper, sources.organizationId);
  });
  await requireReadable(resealer, reader, budget);
  return { source, target, reader, resealer, ...(await readTrust(config)), unverified };
}

const optionsSchema = rekeyOptions.extend({ target: z.string() });

/** Encrypts recordings again, as new objects of another store. */
export const reencryptJobs: JobKindSource = {
  name: 'reencrypt',
  open: async (tools) =>
    recordingsKind({
      name: 'reencrypt',
      sleep: (ms, signal) => tools.clock.sleep(ms, signal),
      open: async (given) => {
        const { wrap, unverified, target, ...archive } = readOptions(optionsSchema, given);
        const config = await tools.settings('wrap');
        const ports = await openReencrypting(config, { wrap, unverified, target }, tools);
        requireSameArchive(archive, { store: ports.source, layout: config.layout });
        return {
          one: async (key, budget) => {
            const { state, bytes } = await reencryptRecording(ports, key, { dryRun: false }, budget);
            return rekeyOutcome(state === 'reencrypted' ? 'done' : 'already', { bytes });
          },
        };
      },
    }),
};

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
