import { type Finding, finding } from '../audit/compare-with-receipt.ts';
import { type SampleOptions, type SampleReport, turnOf, verifySample } from '../audit/verify-sample.ts';
import { type CatalogueOutcome, compareCatalogue } from '../catalogue/compare-catalogue.ts';
import type { CataloguePorts } from '../catalogue/ports.ts';
import type { Budget, Clock } from '../clock.ts';
import type { RestoreConfig, StoreConfig } from '../config/config.ts';
import { createReader, openConfiguredStore, readTrust } from './archiver.ts';
import { createExpiredObjects } from '../keep/retention/removal-notes.ts';
import { openCatalogue } from './catalogue.ts';
import { present } from '../present.ts';
import type { Logger } from '../log.ts';
import { readErasedHashes } from '../record/find-erasure.ts';
import type { ObjectStore } from '../ports.ts';

/** With what the catalogue says of the same recordings; its differences are among the findings. */
export interface VerifierReport extends SampleReport {
  /** `undefined` where it was not come to. */
  readonly catalogue: CatalogueOutcome | undefined;
}

export interface SampleVerifier {
  /** Verifies the recordings whose turn it is today, and their rows of the catalogue, and logs each finding. Writes nothing. */
  verify(options: Omit<SampleOptions, 'now' | 'seed'>, budget: Budget): Promise<VerifierReport>;
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
  const found = (key: string, { kind, code, message }: Pick<Finding, 'kind' | 'code' | 'message'>) =>
    logger.log('error', `verification found ${kind}: ${message}`, { key, code, state: kind });
  return {
    verify: async (options, budget) => {
      const turn = { ...options, now: clock.now(), seed: store.location };
      const report = await verifySample(
        { store, ...trust, reader, expired, erased: await readErasedHashes(store, budget) },
        turn,
        {
          onFinding: (one) => found(one.key, one),
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
      if (!report.complete) return { ...report, catalogue: undefined };
      const ports = await openCatalogue(config, { clock, logger, archive: store });
      return holdCatalogue(ports, { turn, report, found }, budget);
    },
  };
}

/** The rows of the recordings whose turn it is. */
async function holdCatalogue(
  ports: CataloguePorts,
  {
    turn,
    report,
    found,
  }: {
    readonly turn: SampleOptions;
    readonly report: SampleReport;
    readonly found: (key: string, what: Pick<Finding, 'kind' | 'code' | 'message'>) => void;
  },
  budget: Budget,
): Promise<VerifierReport> {
  const { hasDay, hasKey } = turnOf(turn, turn.now);
  let { findings, failed } = report;
  const rows = {
    isDayMeant: (day: string) => hasDay(Date.parse(`${day}T00:00:00Z`)),
    isMeant: hasKey,
  };
  const outcome = await compareCatalogue(
    ports,
    rows,
    {
      onDifference: (key, message, code) => {
        findings += 1;
        found(key, finding('catalogue', key, message, present({ code })));
      },
      onFailed: (key, { code, message }) => {
        failed += 1;
        ports.logger.log('error', `the catalogue could not be compared: ${message}`, { key, code });
      },
    },
    budget,
  );
  if (outcome.status === 'forbidden')
    ports.logger.log('warn', 'the catalogue was not compared: these permissions do not show it', {
      code: 'STORE_DENIED',
    });
  return {
    ...report,
    complete: outcome.status !== 'not-ended',
    findings,
    failed,
    catalogue: outcome,
  };
}
