/** Wires a backfill: the archiver of live events with a rate, a client and a way to fetch files of its own. */
import { archivedByReceipts } from '../backfill/archived-by-receipts.ts';
import { type BackfillPorts, createBackfillKind } from '../backfill/backfill-kind.ts';
import { DownloadSlots } from '../backfill/download-slots.ts';
import { filingTime } from '../backfill/filing-time.ts';
import { findKept } from '../backfill/find-kept.ts';
import { KnownContexts } from '../backfill/facts/known-contexts.ts';
import { openExported } from '../backfill/export/exported-media.ts';
import { queuedResult } from '../backfill/outcome.ts';
import type { BackfillItem } from '../backfill/items.ts';
import type { FactsSink } from '../backfill/sources/days.ts';
import { type Budget, type Clock, systemClock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import {
  createArchiver,
  createReader,
  openConfiguredStore,
  type Archiver,
  type ArchiverPorts,
} from './archiver.ts';
import { createFactsWriter, openFactsStore } from './facts.ts';
import { ArchiveError } from '../errors.ts';
import { createConversationAnalytics } from '../genesys/analytics/details-jobs.ts';
import { createGroupedFiles, type GroupedFiles } from '../genesys/batch/grouped-files.ts';
import { createRecordingInventory } from '../genesys/inventory/inventory.ts';
import { createPlatformLimits } from '../genesys/organization/limits.ts';
import { createOrganizationNames } from '../genesys/organization/names.ts';
import { createPlatform } from '../genesys/platform.ts';
import { createYieldingBudget, type YieldingBudget } from '../genesys/rate-yield.ts';
import type { RecordingAnswer } from '../genesys/recordings/answers.ts';
import { factsOf } from '../genesys/recordings/fetch.ts';
import type { FileFetcher } from '../genesys/recordings/look.ts';
import { extensionOf, QUEUED_FOR_RESTORE } from '../genesys/recordings/policy.ts';
import { RestoreWave } from '../genesys/recordings/restore-wave.ts';
import { createTransport } from '../http/transport.ts';
import type { JobKind, Limit, Rate } from '../jobs/job-kind.ts';
import { type Logger, silentLogger } from '../log.ts';
import type {
  ArchivedRecordings,
  Asked,
  ConversationAnalytics,
  ConversationTimes,
  ObjectStore,
  OrganizationNames,
  RecordingInventory,
} from '../ports.ts';
import { createLayout } from '../record/layout.ts';
import { canonicalId } from '../recording-id.ts';
import { readClientCredentials } from '../secrets/secret-contents.ts';
import { createSecretValues } from '../secrets/secret-values.ts';
import { openStore } from '../store/open-store.ts';

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
  const { organizationId, proxies, recordings, backfill } = config;
  let currentRate: () => Rate = () => config.jobRate;
  const rate = createYieldingBudget({ clock, rate: () => currentRate() });
  const secrets = wiring.secrets ?? createSecretValues({ clock, logger, proxies });
  const transport = createTransport({ timeouts, proxies });
  const slots = new DownloadSlots(wiring.downloads ?? DEFAULT_DOWNLOADS);
  const layout = createLayout(config.layout);
  const opened = wiring.store ?? (await openConfiguredStore(config, { clock, logger }));
  const store = wiring.wrapStore?.(opened) ?? opened;
  const factsStore =
    config.catalogue.store === undefined ? store : await openFactsStore(config, { clock, logger });

  /** Of conversations that are worked on. */
  const times = new Map<string, ConversationTimes>();
  const filed = (conversationId: string, { id: recordingId, recordedAt, kind }: RecordingAnswer) => ({
    conversationId,
    recordingId,
    recordedAt,
    times: times.get(canonicalId(conversationId)),
    extension: extensionOf(kind, recordings.format),
  });
  const isBeside = recordings.context || recordings.transcripts !== undefined;
  const contexts = isBeside ? await openContexts(config, { clock, logger, store: factsStore }) : undefined;
  const restores = new RestoreWave(backfill.restoreWave, clock);
  let grouped: GroupedFiles | undefined;
  const platform = createPlatform(config, {
    credentials: readClientCredentials(backfill.credentials ?? config.genesys.credentials, secrets),
    transport,
    clock,
    logger,
    rate,
    restores,
    fetchFiles: (options) => {
      const files = createGroupedFiles({
        ...options,
        asBatchable: (conversationId, recording) => {
          if (recordings.batch) return recording;
          // text and screens are kept as live archiving keeps them
          if (!backfill.batch || recording.kind !== 'call') return undefined;
          const recordedAt = filingTime(layout, filed(conversationId, recording));
          return recordedAt === undefined ? undefined : { ...recording, recordedAt };
        },
        fetchLeftOut: !recordings.batch,
        findKept: async (conversationId, listed, budget) => {
          const recording = filed(conversationId, listed);
          const file = factsOf(listed, recording.extension);
          const item = await findKept({ store, layout }, { ...recording, file }, budget);
          return item === undefined ? undefined : { state: 'files', items: [item] };
        },
      });
      grouped = files;
      const fetch: FileFetcher = async (conversationId, wanted, budget) => {
        contexts?.note(conversationId, wanted);
        const found = await files.fetch(conversationId, wanted, budget);
        // what is downloaded next waits here, not the questions about the next conversations
        await slots.take(conversationId, budget.signal);
        return found;
      };
      return fetch;
    },
  });
  if (grouped === undefined) throw new ArchiveError('UNEXPECTED', 'the platform fetches no files');
  const files = grouped;
  const { api } = platform.recordings;
  const shared = { api, clock, logger, organizationId };
  const analytics = createConversationAnalytics(shared);
  const archiver = await createArchiver(config, {
    clock,
    logger,
    timeouts,
    secrets,
    store,
    platform,
    companions: {
      known: (conversationId) => contexts?.take(conversationId),
      // a share of what live archiving leaves
      rate: createYieldingBudget({
        clock,
        rate: () => Math.max(1, rate.quota() * (recordings.transcripts?.share ?? 1)),
      }),
      onArchived: (conversationId) => slots.giveBack(conversationId),
    },
  });

  const exports = new Map<string, Promise<ObjectStore>>();
  const openExport = (location: string) => {
    const known =
      exports.get(location) ?? openStore(location, { clock, logger, s3: { ...config.s3, proxies } });
    exports.set(location, known);
    return known;
  };
  const readLimit: BackfillOfArchive['readLimit'] = async (budget) => {
    const limit = await createPlatformLimits(api).requestsPerMinute(budget);
    if (limit.state === 'known') rate.allow(limit.perMinute);
    return limit;
  };
  let wasAsked = false;
  const readLimitOnce = async (budget: Budget) => {
    if (wasAsked) return;
    wasAsked = true;
    await readLimit(budget);
  };
  const ports: BackfillPorts = {
    layout: layout.source,
    archive: async (request, budget) => {
      if (restores.mustWait(request.conversationId))
        return [queuedResult(request.conversationId, QUEUED_FOR_RESTORE)];
      try {
        return await archiver.archive(request, budget);
      } finally {
        slots.giveBack(request.conversationId);
        times.delete(canonicalId(request.conversationId));
      }
    },
    prepare: async (items, budget) => {
      await readLimitOnce(budget);
      await contexts?.prepare(items, budget);
      const unknown: string[] = [];
      for (const { conversationId, startedAt, endedAt } of items) {
        if (startedAt === undefined || endedAt === undefined) unknown.push(conversationId);
        else times.set(canonicalId(conversationId), { startedAt, endedAt });
      }
      const isOfUse = backfill.batch && !recordings.batch;
      if (unknown.length === 0 || !isOfUse) return;
      for (const [id, known] of await analytics.times(unknown, budget)) times.set(id, known);
    },
    archiveExported: (location, file, bytes, budget) =>
      archiveOneExported({ archiver, slots, openExport }, { location, file, bytes }, budget),
    openGroup: () => files.open(),
    useRate: (next) => {
      currentRate = next;
    },
    limitedBy: () => limitOf(slots, rate, files),
  };
  const names = createOrganizationNames(api);
  return {
    kind: createBackfillKind(ports),
    store,
    analytics,
    inventory: createRecordingInventory(shared),
    names,
    archived: archivedByReceipts(store, layout),
    rate,
    useRate: (next) => ports.useRate(next),
    batches: files.counts,
    readLimit,
    openExport,
    openFacts: createFactsWriter(config, { api, store: factsStore, clock, logger }),
    close: () => {
      transport.close();
      archiver.close();
    },
  };
}

/** Contexts from facts that this process can open. */
async function openContexts(
  config: ArchiveConfig,
  { clock, logger, store }: { readonly clock: Clock; readonly logger: Logger; readonly store: ObjectStore },
): Promise<KnownContexts> {
  const reader = await createReader(config, { clock, logger });
  return new KnownContexts({ store, reader }, (day, code) => {
    logger.log('warn', `the facts of ${day} cannot be used: conversations are asked for one by one`, {
      code,
    });
  });
}

async function archiveOneExported(
  {
    archiver,
    slots,
    openExport,
  }: {
    readonly archiver: Archiver;
    readonly slots: DownloadSlots;
    readonly openExport: (location: string) => Promise<ObjectStore>;
  },
  { location, file, bytes }: { readonly location: string; readonly file: string; readonly bytes: number },
  budget: Budget,
) {
  const source = await openExport(location);
  await slots.take(file, budget.signal);
  try {
    const { request, ...ports } = await openExported(source, file, bytes, budget);
    return await archiver.archiveFrom(ports, request, budget);
  } finally {
    slots.giveBack(file);
  }
}

/** What most of the work waits for. */
function limitOf(slots: DownloadSlots, rate: YieldingBudget, files: GroupedFiles): Limit {
  if (slots.waiting > 0) return 'download';
  if (rate.waiting() > 0) return 'genesys-rate';
  if (files.counts.making > 0) return 'transcoding';
  return slots.used > 0 ? 'download' : 'idle';
}
