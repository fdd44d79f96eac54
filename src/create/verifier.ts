import { type SampleOptions, type SampleReport, verifySample } from '../audit/verify-sample.ts';
import type { Budget, Clock } from '../clock.ts';
import type { RestoreConfig, StoreConfig } from '../config/config.ts';
import { createReader, openConfiguredStore, readTrust } from './archiver.ts';
import { createExpiredObjects } from '../keep/retention/removal-notes.ts';
import type { Logger } from '../log.ts';
import { readErasedHashes } from '../record/find-erasure.ts';
import type { ObjectStore } from '../ports.ts';

export interface SampleVerifier {
  /** Verifies the recordings whose turn it is today, and logs each finding. Writes nothing. */
  verify(options: Omit<SampleOptions, 'now' | 'seed'>, budget: Budget): Promise<SampleReport>;
}

interface VerifierPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Instead of the configured one. */
  readonly store?: ObjectStore;
}

/**
 * Wires what verifies a rotating sample of the archive. Makes no request.
 *
 * @param config with keys, which depth `full` needs; without, what is stored is compared with its receipts.
 * @throws `CONFIG_INVALID` when a public key or a key of recordings cannot be used.
 */
export async function createSampleVerifier(
  config: StoreConfig | RestoreConfig,
  { clock, logger, store: given }: VerifierPorts,
): Promise<SampleVerifier> {
  const store = given ?? (await openConfiguredStore(config, { clock, logger }));
  const trust = await readTrust(config);
  const reader = 'encryption' in config ? await createReader(config, { clock, logger }) : undefined;
  const expired = createExpiredObjects({ store, keys: trust.keys ?? new Map(), clock });
  return {
    verify: async (options, budget) => {
      const report = await verifySample(
        { store, ...trust, reader, expired, erased: await readErasedHashes(store, budget) },
        { ...options, now: clock.now(), seed: store.location },
        {
          onFinding: ({ key, kind, code, message }) =>
            logger.log('error', `verification found ${kind}: ${message}`, { key, code, state: kind }),
          onFailed: (key, { code, message }) =>
            logger.log('error', `a recording could not be verified: ${message}`, {
              key,
              code,
              state: 'failed',
            }),
        },
        budget,
      );
      if (report.signatures === 'not-asked') {
        logger.log('warn', 'no public key of receipts is configured: their signatures were not checked', {
          code: 'CONFIG_INVALID',
        });
      }
      return report;
    },
  };
}
