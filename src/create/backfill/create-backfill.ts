/** Wires a backfill: the archiver of live events with a rate, a client and a way to fetch files of its own. */
import { archivedByReceipts } from '../../backfill/archived-by-receipts.ts';
import { createBackfillKind } from '../../backfill/backfill-kind.ts';
import { DownloadSlots } from '../../backfill/download-slots.ts';
import { KnownContexts } from '../../backfill/facts/known-contexts.ts';
import type { BackfillItem } from '../../backfill/items.ts';
import { KnownTimes } from '../../backfill/known-times.ts';
import type { FactsSink } from '../../backfill/sources/days.ts';
import { type Budget, type Clock, systemClock } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import { createConversationAnalytics } from '../../genesys/analytics/details-jobs.ts';
import type { GenesysApi } from '../../genesys/api-client.ts';
import type { GroupedFiles } from '../../genesys/batch/grouped-files.ts';
import { createRecordingInventory } from '../../genesys/inventory/inventory.ts';
import { createPlatformLimits } from '../../genesys/organization/limits.ts';
import { createOrganizationNames } from '../../genesys/organization/names.ts';
import { createPlatform, type PlatformPorts } from '../../genesys/platform.ts';
import { createYieldingBudget, type YieldingBudget } from '../../genesys/rate-yield.ts';
import { RestoreWave } from '../../genesys/recordings/restore-wave.ts';
import { createTransport } from '../../http/transport.ts';
import type { JobKind, Rate } from '../../jobs/kind.ts';
import { type Logger, silentLogger } from '../../log.ts';
import type {
  ArchivedRecordings,
  Asked,
  ConversationAnalytics,
  ObjectStore,
  OrganizationNames,
  RecordingInventory,
} from '../../ports.ts';
import { createLayout } from '../../record/layout.ts';
import { readClientCredentials } from '../../secrets/contents.ts';
import { createSecretValues } from '../../secrets/values.ts';
import { openStore } from '../../store/open-store.ts';
import { createArchiver, createReader, openConfiguredStore, type ArchiverPorts } from '../archiver.ts';
import { createFactsWriter, openFactsStore } from '../facts.ts';
import { type BackfillFilesOptions, createBackfillFiles } from './backfill-files.ts';
import { BackfillWork } from './backfill-work.ts';

/** Conversations that download at once: each holds up to three parts of 5 MiB. */
const DEFAULT_DOWNLOADS = 4;

export interface BackfillOfArchive {
  readonly kind: JobKind<BackfillItem>;
  /** The archive's. */
  readonly store: ObjectStore;
  readonly analytics: ConversationAnalytics;
  readonly inventory: RecordingInventory;
  readonly names: OrganizationNames;
  readonly archived: ArchivedRecordings;
  readonly rate: YieldingBudget;
  /** Has the rate follow this from now on. */
  useRate(rate: () => Rate): void;
  /** What batches did so far. */
  readonly batches: GroupedFiles['counts'];
  /** Asks the platform for the limit of the client, and keeps to it from then on. */
  readLimit(budget: Budget): Promise<Asked<{ readonly perMinute: number }>>;
  /** @throws `CONFIG_INVALID` for a location that is none. */
  openExport(location: string): Promise<ObjectStore>;
  /** Opens what takes the facts of a day. Names are asked for once. */
  openFacts(day: string, budget: Budget): Promise<FactsSink>;
  /** Closes idle connections. */
  close(): void;
}

export interface BackfillWiring
  extends Pick<ArchiverPorts, 'clock' | 'logger' | 'store' | 'wrapStore' | 'timeouts' | 'secrets'> {
  /** Conversations that download at once. */
  readonly downloads?: number;
}

/**
 * Makes no request.
 *
 * @throws `CONFIG_INVALID` when a part of the configuration cannot be used.
 */
export async function createBackfill(
  config: ArchiveConfig,
  wiring: BackfillWiring = {},
): Promise<BackfillOfArchive> {
  const { clock = systemClock, logger = silentLogger, timeouts = {} } = wiring;
  const tools = { clock, logger };
  const { organizationId, proxies, backfill } = config;
  let currentRate: () => Rate = () => config.jobRate;
  const useRate = (next: () => Rate) => {
    currentRate = next;
  };
  const rate = createYieldingBudget({ clock, rate: () => currentRate() });
  const secrets = wiring.secrets ?? createSecretValues({ clock, logger, proxies });
  const transport = createTransport({ timeouts, proxies });
  const layout = createLayout(config.layout);
  const { store, factsStore } = await openStores(config, wiring, tools);
  const slots = new DownloadSlots(wiring.downloads ?? DEFAULT_DOWNLOADS);
  const times = new KnownTimes();
  const contexts = await openContexts(config, factsStore, tools);
  const restores = new RestoreWave(backfill.restoreWave, clock);
  const credentials = readClientCredentials(backfill.credentials ?? config.genesys.credentials, secrets);
  const client = { credentials, transport, ...tools, rate, restores };
  const { platform, files } = connectPlatform(config, client, { store, layout, slots, times, contexts });
  const { api } = platform.recordings;
  const shared = { api, ...tools, organizationId };
  const analytics = createConversationAnalytics(shared);
  const companions = companionsOf(config, { clock, rate, contexts, slots });
  const ports = { ...tools, timeouts, secrets, store, platform, companions };
  const archiver = await createArchiver(config, ports);
  const openExport = openOnce(config, tools);
  const readLimit = (budget: Budget) => followLimit(api, rate, budget);
  const fetching = { archiver, files, slots, times, contexts, restores, rate, useRate };
  const work = new BackfillWork({
    ...fetching,
    layout: layout.source,
    analytics: backfill.batch && !config.recordings.batch ? analytics : undefined,
    readLimit,
    openExport,
  });
  return {
    kind: createBackfillKind(work),
    store,
    analytics,
    inventory: createRecordingInventory(shared),
    names: createOrganizationNames(api),
    archived: archivedByReceipts(store, layout),
    rate,
    useRate,
    batches: files.counts,
    readLimit,
    openExport,
    openFacts: createFactsWriter(config, { api, store: factsStore, ...tools }),
    close: () => {
      transport.close();
      archiver.close();
    },
  };
}

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The platform, and how the files of many of its conversations are fetched together. */
function connectPlatform(
  config: ArchiveConfig,
  ports: Omit<PlatformPorts, 'fetchFiles'>,
  options: Omit<BackfillFilesOptions, 'config'>,
) {
  let grouped: GroupedFiles | undefined;
  const platform = createPlatform(config, {
    ...ports,
    fetchFiles: (fetching) => {
      grouped = createBackfillFiles({ config, ...options }, fetching);
      return grouped.fetch;
    },
  });
  if (grouped === undefined) throw new ArchiveError('UNEXPECTED', 'the platform fetches no files');
  const files: GroupedFiles = grouped;
  return { platform, files };
}

async function openStores(
  config: ArchiveConfig,
  wiring: BackfillWiring,
  tools: Tools,
): Promise<{ readonly store: ObjectStore; readonly factsStore: ObjectStore }> {
  const opened = wiring.store ?? (await openConfiguredStore(config, tools));
  const store = wiring.wrapStore?.(opened) ?? opened;
  const factsStore = config.catalogue.store === undefined ? store : await openFactsStore(config, tools);
  return { store, factsStore };
}

/** Contexts from facts that this process can open; `undefined` where nothing is kept beside recordings. */
async function openContexts(
  config: ArchiveConfig,
  store: ObjectStore,
  tools: Tools,
): Promise<KnownContexts | undefined> {
  const { context, transcripts } = config.recordings;
  if (!context && transcripts === undefined) return undefined;
  const reader = await createReader(config, tools);
  return new KnownContexts({ store, reader }, (day, code) => {
    const message = `the facts of ${day} cannot be used: conversations are asked for one by one`;
    tools.logger.log('warn', message, { code });
  });
}

/** Transcripts take a share of what live archiving leaves; the next conversation downloads while they are waited for. */
function companionsOf(
  { recordings }: ArchiveConfig,
  {
    clock,
    rate,
    contexts,
    slots,
  }: {
    readonly clock: Clock;
    readonly rate: YieldingBudget;
    readonly contexts: KnownContexts | undefined;
    readonly slots: DownloadSlots;
  },
): NonNullable<ArchiverPorts['companions']> {
  const share = recordings.transcripts?.share ?? 1;
  return {
    known: (conversationId) => contexts?.take(conversationId),
    rate: createYieldingBudget({ clock, rate: () => Math.max(1, rate.quota() * share) }),
    onArchived: (conversationId) => slots.giveBack(conversationId),
  };
}

/** Opens each location of exports once. */
function openOnce({ s3, proxies }: ArchiveConfig, tools: Tools): BackfillOfArchive['openExport'] {
  const opened = new Map<string, Promise<ObjectStore>>();
  return (location) => {
    const known = opened.get(location) ?? openStore(location, { ...tools, s3: { ...s3, proxies } });
    opened.set(location, known);
    return known;
  };
}

/** Has the rate keep to the limit of the client, where the platform tells it. */
async function followLimit(api: GenesysApi, rate: YieldingBudget, budget: Budget) {
  const limit = await createPlatformLimits(api).requestsPerMinute(budget);
  if (limit.state === 'known') rate.allow(limit.perMinute);
  return limit;
}
