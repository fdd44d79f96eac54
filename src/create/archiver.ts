import type { ArchivePorts } from '../archive/ports.ts';
import { archiveAgain, type AgainOptions, type ProvedRecording } from '../archive/archive-again.ts';
import { type ArchiveResult, archiveRequest, type DeliveryHints } from '../archive/archive-request.ts';
import { gateWrites } from '../archive/gate-writes.ts';
import { linkStored } from '../archive/link-recording.ts';
import type { Opens } from '../archive/open-object.ts';
import { type Budget, type Clock, systemClock, unlimited } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { type CompanionsOfBackfill, createCompanions } from './companions.ts';
import { openMedia } from './media-opener.ts';
import { openQuarantineAtWrite } from './quarantine-at-write.ts';
import { openWriting } from './writing.ts';
import type { OrganizationStanding } from '../genesys/pin-organization.ts';
import { createPlatform, type Dialect } from '../genesys/platform.ts';
import { type PermissionProbe, probePermissions } from '../genesys/probe-permissions.ts';
import type { HttpTimeouts } from '../http/timeouts.ts';
import { createTransport, type Transport } from '../http/transport.ts';
import { type Logger, silentLogger } from '../log.ts';
import { createReader, openConfiguredStore } from '../open-configured.ts';
import type { ArchiveRequest, ObjectStore, RecordingIds } from '../ports.ts';
import { readClientCredentials } from '../secrets/contents.ts';
import { createSecretValues, type SecretValues } from '../secrets/values.ts';

export {
  createReader,
  openAmending,
  openConfiguredStore,
  openConfiguredVersions,
  openKeySources,
  openSigner,
  readTrust,
} from '../open-configured.ts';

/** What may be replaced, for tests and for people who embed the archiver. */
export interface ArchiverPorts {
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly store?: ObjectStore;
  /** Put around the store, whichever it is. */
  readonly wrapStore?: (store: ObjectStore) => ObjectStore;
  readonly timeouts?: Partial<HttpTimeouts>;
  /** Called once when the platform does not tell which organization the OAuth client belongs to. */
  readonly onOrganizationUnknown?: () => void;
  /** @deprecated Has no effect: hashes are computed as bytes pass (docs/decisions/012). */
  readonly processors?: number;
  /** Where secrets named by an ARN are read. */
  readonly secrets?: SecretValues;
  /** The platform, for those who share its rate or ask it in another way. */
  readonly platform?: Readonly<Record<'media' | 'recordings', Dialect>>;
  /** Of a backfill: what it knows of conversations, and how long it waits for transcripts. */
  readonly companions?: CompanionsOfBackfill & {
    /** Called when all recordings of a conversation are archived; what stands beside them follows. */
    onArchived(conversationId: string): void;
  };
}

export interface Archiver {
  readonly store: ObjectStore;
  /**
   * Archives all that a request names, each file exactly once however often it is asked to; one result per file.
   * @throws ArchiveError when the platform cannot be asked or the only file failed; `retryable` says whether the same request
   *   may succeed later.
   */
  archive(request: ArchiveRequest, budget?: Budget, hints?: DeliveryHints): Promise<readonly ArchiveResult[]>;
  /**
   * Archives what another source than the platform has, as {@link archive} does.
   * @throws what the source throws, and what {@link archive} throws of keys, store and signing.
   */
  archiveFrom(
    source: Pick<ArchivePorts, 'resolver' | 'opener'>,
    request: ArchiveRequest,
    budget?: Budget,
  ): Promise<readonly ArchiveResult[]>;
  /**
   * Compares objects that nothing proves with what the platform serves, and gives them a receipt when they are the same. Uses all keys
   * that are configured, also those that {@link archive} never asks.
   * @throws `OBJECT_UNPROVEN` when they differ, or cannot be compared; see `docs/errors.md`.
   */
  again(request: ArchiveRequest, options: AgainOptions, budget?: Budget): Promise<readonly ProvedRecording[]>;
  /**
   * Asks for a token, and nothing else.
   * @throws `GENESYS_AUTH_REJECTED`, `GENESYS_UNAVAILABLE`, `GENESYS_THROTTLED`.
   */
  checkCredentials(budget?: Budget): Promise<void>;
  /**
   * Compares `GENESYS_ORGANIZATION_ID` with the organization that the OAuth client belongs to. {@link archive} and {@link again} do so by
   * themselves, before they write anything.
   * @throws `ORGANIZATION_MISMATCH`, and what {@link checkCredentials} throws.
   */
  checkOrganization(budget?: Budget): Promise<OrganizationStanding>;
  /** Which of the calls of the published API that the configuration asks for the OAuth client may make; changes nothing. */
  probePermissions(budget?: Budget): Promise<readonly PermissionProbe[]>;
  /**
   * Writes the reference to what is archived, as the delivery of its event would.
   * @returns false where none is written back.
   * @throws `OBJECT_NOT_FOUND`, `INTERACTION_NOT_FOUND`, `GENESYS_*`, `STORE_*`.
   */
  link(
    archived: {
      readonly ids: RecordingIds;
      readonly key: string;
      readonly dialect: ArchiveRequest['dialect'];
    },
    budget?: Budget,
  ): Promise<boolean>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * Wires the archiver from its configuration. Makes no request; one archiver serves any number of recordings, and its token
 * and connections live as long as it does.
 *
 * @example
 * const config = loadConfig({ env: process.env }, 'archive');
 * const archiver = await createArchiver(config);
 * const parsed = parseEvent(event);
 * if (parsed.kind === 'requests') for (const request of parsed.requests) await archiver.archive(request);
 *
 * @throws `CONFIG_INVALID` when a part of the configuration cannot be used.
 */
export async function createArchiver(config: ArchiveConfig, ports: ArchiverPorts = {}): Promise<Archiver> {
  const { clock = systemClock, logger = silentLogger } = ports;
  const tools = { clock, logger };
  const { store, platform, prepare, companions, openConnections, close } = await wire(config, ports, tools);
  const { tokens, pin } = platform[config.genesys.api === 'recordings' ? 'recordings' : 'media'];
  return {
    store,
    archive: async (request, budget = unlimited, hints = {}) => {
      openConnections();
      const { writer, api } = await prepare(request, budget);
      const results = await archiveRequest(writer, request, budget, hints);
      if (request.dialect !== 'recordings') return results;
      ports.companions?.onArchived(request.conversationId);
      return companions.keep({ ...writer, api }, request, results, budget);
    },
    archiveFrom: async (source, request, budget = unlimited) => {
      const { writer } = await prepare(request, budget);
      return archiveRequest({ ...writer, ...source }, request, budget);
    },
    again: async (request, options, budget = unlimited) => {
      const { writer } = await prepare(request, budget);
      const reader = await createReader(config, tools);
      return archiveAgain({ ...writer, reader, opens: EVERY_KEY }, request, options, budget);
    },
    link: async (archived, budget = unlimited) => {
      const { references } = platform[archived.dialect];
      if (references === undefined) return false;
      await linkStored({ ...tools, store, references }, archived, budget);
      return true;
    },
    checkCredentials: async (budget = unlimited) => {
      await tokens.token(budget);
    },
    checkOrganization: (budget = unlimited) => pin(budget),
    probePermissions: (budget = unlimited) =>
      probePermissions(platform.recordings.api, config.recordings, budget),
    close,
  };
}

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an archiver is made of. */
async function wire(config: ArchiveConfig, ports: ArchiverPorts, tools: Tools) {
  const { timeouts = {} } = ports;
  const transport = createTransport({ timeouts, proxies: config.proxies });
  const media = openMedia(config, { ...tools, timeouts });
  const { opener } = media;
  const secrets = ports.secrets ?? createSecretValues({ ...tools, proxies: config.proxies });
  const platform = ports.platform ?? connectPlatform(config, { ...tools, ports, secrets, transport });
  const opened = ports.store ?? (await openConfiguredStore(config, tools));
  const store = ports.wrapStore?.(opened) ?? opened;
  const { findSigner, ...writing } = await openWriting(config, secrets, tools);
  const quarantine = await openQuarantineAtWrite(config.quarantine, store);
  const shared = { ...tools, ...writing, opener, store };
  return {
    store,
    platform,
    companions: createCompanions(config, { ...tools, opener, backfill: ports.companions }),
    openConnections: openOnce(transport, store, new URL(config.genesys.apiUrl)),
    /** What writes for a request, and the client it came through. */
    prepare: async (request: ArchiveRequest, budget: Budget) => {
      const { resolver, references, api, pin } = platform[request.dialect];
      // begins before the signer is asked; what is written waits for the end of it
      const held = config.organizationId === undefined ? store : holdBack(store, pin, budget);
      // before the recording is looked up: what cannot be signed must not be downloaded
      const signer = await findSigner(budget);
      // the tutorial's dialect cannot be asked
      const marks = quarantine?.(request.dialect === 'recordings' ? api : undefined);
      return { writer: { ...shared, store: held, signer, resolver, references, quarantine: marks }, api };
    },
    close: () => {
      transport.close();
      media.close();
    },
  };
}

function connectPlatform(
  config: ArchiveConfig,
  {
    ports,
    secrets,
    ...shared
  }: Tools & {
    readonly ports: ArchiverPorts;
    readonly secrets: SecretValues;
    readonly transport: Transport;
  },
) {
  const credentials = readClientCredentials(config.genesys.credentials, secrets);
  return createPlatform(config, {
    ...shared,
    credentials,
    onOrganizationUnknown: ports.onOrganizationUnknown,
  });
}

/** Opens connections while the token is fetched, which takes round trips of its own. */
function openOnce(transport: Transport, store: ObjectStore, api: URL): () => void {
  let isCold = true;
  return () => {
    if (!isCold) return;
    isCold = false;
    transport.openAhead?.(api);
    store.openAhead?.();
  };
}

/** Compares the organization while the recording is looked up: nothing is written before that has ended well. */
function holdBack(store: ObjectStore, pin: Dialect['pin'], budget: Budget): ObjectStore {
  pin(budget).catch(() => undefined); // each write meets the same error
  return gateWrites(store, pin);
}

const EVERY_KEY: Opens = new Set(['static', 'kms+context', 'AES/GCM', 'RSA-OAEP-SHA1']);
