/** Wires what compares the archive with the platform, seals the log, and reads it. It can open no recording. */
import { randomBytes } from 'node:crypto';
import { type Budget, type Clock, startBudget, systemClock, unlimited } from '../clock.ts';
import type { SealConfig } from '../config/config.ts';
import { openAnchors } from './anchors.ts';
import { openConfiguredStore, openSigner, readTrust } from './archiver.ts';
import { mergeKeys, openLog } from './log.ts';
import { ArchiveError } from '../errors.ts';
import { createConversationAnalytics } from '../genesys/analytics/details-jobs.ts';
import { createGenesysApi } from '../genesys/api-client.ts';
import { createDayInventory } from '../genesys/inventory/day-inventory.ts';
import { createRecordingInventory } from '../genesys/inventory/inventory.ts';
import { createTokenSource } from '../genesys/oauth.ts';
import { pinOrganization } from '../genesys/pin-organization.ts';
import { createRateBudget } from '../genesys/rate-budget.ts';
import type { HttpTimeouts } from '../http/timeouts.ts';
import { createTransport } from '../http/transport.ts';
import { createExpiredObjects } from '../keep/retention/removal-notes.ts';
import { type Logger, silentLogger } from '../log.ts';
import type { ObjectStore, SourceInventory } from '../ports.ts';
import { listCutOffs } from '../proof/day/counted-day.ts';
import { reconcileDay, type ReconciledDay } from '../proof/day/reconcile-day.ts';
import { initLog, type LogBeginning } from '../proof/init-log.ts';
import { findHead, readLastStatement } from '../proof/log/head.ts';
import { lockLog } from '../proof/log/locked-store.ts';
import type { LogPlace } from '../proof/log/place.ts';
import { createLogSigner, type LogSigner } from '../proof/log/signer.ts';
import { type SealDaysOptions, type SealDaysPorts, type SealedDays, sealDays } from '../proof/seal-days.ts';
import { createLayout } from '../record/layout.ts';
import { publicKeyOf } from '../record/receipt/keys.ts';
import { DAY_MS } from '../recording/time.ts';
import { readClientCredentials } from '../secrets/contents.ts';
import { createSecretValues, type SecretValues } from '../secrets/values.ts';

export interface SealerPorts {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Instead of the configured ones. */
  readonly store?: ObjectStore;
  readonly source?: SourceInventory;
  readonly secrets?: SecretValues;
  readonly timeouts?: Partial<HttpTimeouts>;
}

export interface LogSealer {
  /** The public key of the newest signer, as a verifier takes it. */
  vkey(budget?: Budget): Promise<string>;
  /** Begins the log. @throws `CONFIG_INVALID` */
  init(beginning: Omit<LogBeginning, 'vkey' | 'now'>, budget?: Budget): ReturnType<typeof initLog>;
  /**
   * Seals every day that is due. Ends in time: where the platform does not answer by then, the statements say so.
   *
   * @throws `LOG_*`, `SEAL_FORGED`, `CONFIG_INVALID`, `STORE_*`, `OUT_OF_TIME`.
   */
  sealDueDays(options?: SealDaysOptions, budget?: Budget): Promise<SealedDays>;
  /** Compares one day, and writes nothing. @throws `GENESYS_*`, `SOURCE_UNAVAILABLE`, `STORE_*`. */
  reconcile(day: string, budget?: Budget): Promise<ReconciledDay>;
  /** Whether a count was cut off since the log was sealed last: the next run goes on with it. */
  isCounting(budget?: Budget): Promise<boolean>;
  close(): void;
}

/** Time that is kept for the store when the platform takes long, ms. */
const STORE_RESERVE_MS = 120_000;

/**
 * Wires the sealer. Makes no request.
 *
 * @throws `CONFIG_INVALID` when a setting is missing, or a key cannot be used.
 */
export async function createSealer(config: SealConfig, ports: SealerPorts = {}): Promise<LogSealer> {
  const { clock = systemClock, logger = silentLogger } = ports;
  const { proxies } = config;
  const transport = createTransport({ timeouts: ports.timeouts ?? {}, proxies });
  const secrets = ports.secrets ?? createSecretValues({ clock, logger, proxies });
  const store = ports.store ?? (await openConfiguredStore(config, { clock, logger }));
  const source = ports.source ?? openSource(config, { transport, secrets, clock, logger });
  const place = lockedBy(config.sealer.lock, openLog(config, store), clock);
  const trust = await readTrust(config);
  const receiptKeys = trust.keys ?? new Map();
  const openSigners = await openLogSigners(config, secrets, { clock, logger });
  const stating = {
    ...place,
    receiptKeys,
    expired: createExpiredObjects({ store, keys: receiptKeys, clock }),
    source: endingBefore(source, clock),
    now: () => clock.now(),
    ...statedFacts(config),
  };
  const signersOf = async (budget: Budget): Promise<readonly [LogSigner, ...LogSigner[]]> => {
    const publicKeys = [...receiptKeys.values()].map(publicKeyOf);
    const opened = await openSigners(budget);
    const [first, ...others] = opened.map((signer) => createLogSigner(place.origin, signer, publicKeys));
    if (first !== undefined) return [first, ...others];
    throw new ArchiveError('CONFIG_INVALID', 'no key signs the log', {
      hint: 'set ARCHIVE_PROOF_KEY_FILE, ARCHIVE_PROOF_KEY_SECRET_ARN or ARCHIVE_PROOF_KMS_KEY_ID (docs/proof.md, "Keys")',
    });
  };
  const sealing = async (budget: Budget): Promise<SealDaysPorts> => {
    const signers = await signersOf(budget);
    const trusted = mergeKeys(
      place.trusted,
      signers.map(({ key }) => key),
    );
    const [signer] = signers;
    const counting = { keys: place.keys, origin: place.origin, trusted, signer };
    const anchors = await openAnchors(config, { ...place, trusted }, { transport, clock, logger });
    return { ...stating, counting, trusted, signers, anchors };
  };
  return {
    vkey: async (budget = unlimited) => (await signersOf(budget))[0].key.vkey,
    init: async (beginning, budget = unlimited) => {
      const [{ key }] = await signersOf(budget);
      return initLog(place, { ...beginning, vkey: key.vkey, now: clock.now() }, budget);
    },
    sealDueDays: async (options = {}, budget = unlimited) => sealDays(await sealing(budget), options, budget),
    isCounting: async (budget = unlimited) => {
      const cutOff = Math.max(0, ...(await listCutOffs(place, budget)).values());
      if (cutOff < clock.now() - DAY_MS) return false;
      const { trusted } = await sealing(budget);
      const { size } = await findHead({ ...place, trusted }, budget);
      const last = await readLastStatement({ ...place, trusted }, size, budget);
      return last === undefined || Date.parse(last.statement.clock.local) < cutOff;
    },
    reconcile: (day, budget = unlimited) => reconcileDay(stating, day, budget),
    close: () => transport.close(),
  };
}

/** What each statement says of who made it, and by which rules. */
function statedFacts({ layout, recordings: { kinds, restoreArchived } }: SealConfig) {
  return {
    layout: createLayout(layout),
    nonce: () => randomBytes(16).toString('hex'),
    version: PACKAGE_VERSION,
    rules: {
      kinds: [...kinds].sort().join(','),
      'restore-archived': restoreArchived,
      layout: layout.name,
    },
  };
}

async function openLogSigners(
  { sealer, proxies }: SealConfig,
  secrets: SecretValues,
  context: { readonly clock: Clock; readonly logger: Logger },
) {
  const { keyFiles, keySecretArn, kmsKeyIds } = sealer;
  // the newest first: a key that moves into KMS, or that the recovery key vouches for, has an older one beside it in a file
  const sources = [
    ...kmsKeyIds.map((signingKmsKeyId) => ({ signingKmsKeyId })),
    ...(keySecretArn === undefined ? [] : [{ signingKeySecretArn: keySecretArn }]),
    ...keyFiles.map((signingKeyFile) => ({ signingKeyFile })),
  ];
  const none = { signingKmsKeyId: undefined, signingKeySecretArn: undefined, signingKeyFile: undefined };
  const opened = await Promise.all(
    sources.map((source) => openSigner({ ...none, ...source, proxies }, secrets, context)),
  );
  return async (budget: Budget) => {
    const signers = await Promise.all(opened.map((open) => open(budget)));
    return signers.filter((signer) => signer !== undefined);
  };
}

/** @throws `CONFIG_INVALID` for a store that has no Object Lock. */
function lockedBy(lock: SealConfig['sealer']['lock'], place: LogPlace, clock: Clock): LogPlace {
  if (lock === undefined) return place;
  if (place.store.location.startsWith('file:')) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `ARCHIVE_PROOF_LOCK: ${place.store.location} has no Object Lock`,
      {
        hint: 'keep the archive in a bucket with Object Lock, or leave the setting out',
      },
    );
  }
  return { ...place, store: lockLog(place.store, place.keys, lock, () => clock.now()) };
}

/** The platform must not use up the time that the seal needs: what it did not answer by then is stated as unavailable. */
function endingBefore(source: SourceInventory, clock: Clock): SourceInventory {
  return {
    listDay: async (day, budget, progress) => {
      const { budget: given, end } = startBudget(clock, budget.deadline, STORE_RESERVE_MS, budget.signal);
      try {
        return await source.listDay(day, given, progress);
      } finally {
        end();
      }
    },
  };
}

function openSource(
  config: SealConfig,
  {
    transport,
    secrets,
    clock,
    logger,
  }: {
    readonly transport: ReturnType<typeof createTransport>;
    readonly secrets: SecretValues;
    readonly clock: Clock;
    readonly logger: Logger;
  },
): SourceInventory {
  const { genesys, organizationId, recordings } = config;
  const credentials = readClientCredentials(genesys.credentials, secrets);
  const { loginUrl, apiUrl } = genesys;
  const tokens = createTokenSource({ loginUrl, credentials, scope: undefined, transport, clock, logger });
  const rate = createRateBudget({ clock, share: config.rateShare });
  const api = createGenesysApi({ apiUrl, tokens, transport, clock, logger, rate });
  const asked = { api, clock, logger, organizationId };
  const clientId = 'clientId' in genesys.credentials ? genesys.credentials.clientId : undefined;
  const pin = pinOrganization({ organizationId, clock, logger });
  const inventory = createDayInventory({
    api,
    clock,
    analytics: createConversationAnalytics(asked),
    inventory: createRecordingInventory(asked),
    apiHost: new URL(apiUrl).host,
    organizationId,
    clientId,
    kinds: new Set(recordings.kinds),
    restoreArchived: recordings.restoreArchived,
    filedBy: createLayout(config.layout).filedBy,
  });
  return {
    // another organization's recordings would be stated as missing here
    listDay: async (day, budget, progress) => {
      await pin(api, budget);
      return inventory.listDay(day, budget, progress);
    },
  };
}
