/** Wires what fetches the facts and the audits of days: for a backfill, which reads the days anyhow, and for the runs of every night. */
import { randomBytes } from 'node:crypto';
import { type AuditDay, updateAudits as updateAuditDays } from '../backfill/audits/update-audits.ts';
import type { DueDaysOptions } from '../backfill/due-days.ts';
import { nameEverything, openFactsDay } from '../backfill/facts/store-facts.ts';
import {
  type FactsDay,
  type UpdateFactsOptions,
  updateFacts as update,
} from '../backfill/facts/update-facts.ts';
import type { FactsSink } from '../backfill/sources/days.ts';
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { ArchiveConfig, StoreConfig } from '../config/config.ts';
import { openConfiguredStore, openKeySources } from './archiver.ts';
import { openEnvelope } from '../envelope/keys/sources.ts';
import { createConversationAnalytics } from '../genesys/analytics/details-jobs.ts';
import type { GenesysApi } from '../genesys/api-client.ts';
import { createOrganizationNames } from '../genesys/organization/names.ts';
import { createRecordingAudits } from '../genesys/organization/recording-audits.ts';
import { createPlatform } from '../genesys/platform.ts';
import { createYieldingBudget } from '../genesys/rate-yield.ts';
import { createTransport } from '../http/transport.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { Envelope, ObjectStore } from '../ports.ts';
import { readClientCredentials } from '../secrets/contents.ts';
import { createSecretValues } from '../secrets/values.ts';

export type { AuditDay } from '../backfill/audits/update-audits.ts';
export type { FactsDay } from '../backfill/facts/update-facts.ts';

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Opens what takes the facts of a day. Keys are opened, and names asked for, when the first day is. */
export function createFactsWriter(
  config: ArchiveConfig,
  { api, store, clock, logger }: Tools & { readonly api: GenesysApi; readonly store: ObjectStore },
): (day: string, budget: Budget) => Promise<FactsSink> {
  const names = createOrganizationNames(api);
  const writtenBy = randomBytes(12).toString('hex');
  let envelope: Promise<Envelope> | undefined;
  let named: ReturnType<typeof nameEverything> | undefined;
  return async (day, budget) => {
    envelope ??= openKeySources(config, (sources) =>
      openEnvelope(config.encryption, sources, { clock, logger }),
    );
    named ??= nameEverything(names, budget);
    const ports = { store, envelope: await envelope, clock, named: await named, writtenBy };
    return openFactsDay(ports, day, budget);
  };
}

/** Where facts are kept: what is replaced stands outside of a lock. */
export function openFactsStore(config: StoreConfig, tools: Tools): Promise<ObjectStore> {
  return openConfiguredStore({ ...config, store: config.catalogue.store ?? config.store }, tools);
}

/** What a run that asks the platform about days is given. */
export type DayTools = Partial<Tools> & { readonly store?: ObjectStore };

/**
 * Fetches the facts of days that are due: what `facts update`, `serve` and the scheduled function do. Gives way to live archiving, and opens no
 * recording.
 *
 * @throws what every day would meet: `GENESYS_*`, `STORE_*`, `KMS_*`, `ORGANIZATION_MISMATCH`.
 */
export function updateFacts(
  config: ArchiveConfig,
  budget: Budget,
  options: UpdateFactsOptions & DayTools = {},
): Promise<readonly FactsDay[]> {
  return askPlatform(config, options, budget, ({ api, store, clock, logger }) => {
    const { organizationId } = config;
    const analytics = createConversationAnalytics({ api, clock, logger, organizationId });
    const openFacts = createFactsWriter(config, { api, store, clock, logger });
    return update({ store, analytics, openFacts, clock }, options, budget);
  });
}

/**
 * Fetches the platform's own audit of recordings for days that are due: what `audit update`, `serve` and the scheduled function do.
 *
 * @throws as {@link updateFacts}.
 */
export function updateAudits(
  config: ArchiveConfig,
  budget: Budget,
  options: DueDaysOptions<AuditDay> & DayTools = {},
): Promise<readonly AuditDay[]> {
  return askPlatform(config, options, budget, ({ api, store, clock, logger }) => {
    let envelope: Promise<Envelope> | undefined;
    const ports = {
      store,
      audits: createRecordingAudits({ api, clock }),
      envelope: () =>
        (envelope ??= openKeySources(config, (sources) =>
          openEnvelope(config.encryption, sources, { clock, logger }),
        )),
      clock,
    };
    return updateAuditDays(ports, options, budget);
  });
}

/** Asks behind live archiving, as the client of backfills where there is one. */
async function askPlatform<Result>(
  config: ArchiveConfig,
  { clock = systemClock, logger = silentLogger, store }: DayTools,
  budget: Budget,
  work: (ports: Tools & { readonly api: GenesysApi; readonly store: ObjectStore }) => Promise<Result>,
): Promise<Result> {
  const { proxies, organizationId, backfill, genesys } = config;
  const transport = createTransport({ proxies });
  try {
    const secrets = createSecretValues({ clock, logger, proxies });
    const platform = createPlatform(config, {
      credentials: readClientCredentials(backfill.credentials ?? genesys.credentials, secrets),
      transport,
      clock,
      logger,
      rate: createYieldingBudget({ clock, rate: () => 'yield' }),
    });
    const { api, pin } = platform.recordings;
    if (organizationId !== undefined) await pin(budget);
    return await work({
      api,
      store: store ?? (await openFactsStore(config, { clock, logger })),
      clock,
      logger,
    });
  } finally {
    transport.close();
  }
}
