import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type {
  ArchiveRequest,
  MediaItem,
  MediaRequest,
  RecordingIds,
  Resolution,
  TerminalRecording,
} from '../ports.ts';
import { present } from '../present.ts';
import type { Afterwards, ArchivePorts } from './ports.ts';
import { archiveItem, type ArchivedRecording, findArchived, recordTerminal } from './archive-recording.ts';
import type { Filing, FindSource, Source } from './filing.ts';
import { keepSidecar } from './export-sidecar.ts';
import { canonicalRequest, inOneSpelling } from './one-spelling.ts';
import { placeAt, placeItem, placeTerminal } from './place-recording.ts';
import { markForQuarantine } from './quarantine-recording.ts';
import { isQuarantineKey } from '../record/quarantine/key.ts';

export type ArchiveResult =
  | ArchivedRecording
  /** Has to be asked for again; `ids.recordingId` is empty while it is not known which recordings there will be. */
  | {
      readonly state: 'not-ready';
      readonly ids: RecordingIds;
      readonly status: string;
      readonly retryAfterMs: number;
      /** It waits for others, and nothing is wrong with it, however long that takes. */
      readonly isQueued?: boolean;
    }
  /**
   * Cannot be archived by asking again. `settled`: the platform will never have it again, and a receipt says so; otherwise it needs
   * an operator.
   */
  | {
      readonly state: 'gone';
      readonly ids: RecordingIds;
      readonly reason: string;
      readonly settled: boolean;
      /** What an operator can do about it. */
      readonly hint?: string;
    }
  /** One file of several failed; a request that names a single file throws instead. */
  | { readonly state: 'failed'; readonly ids: RecordingIds; readonly error: ArchiveError };

/** What the sender of a request knows of it. */
export interface DeliveryHints {
  /**
   * The event is delivered for the first time, as the queue counts: an event that names its one recording is then not looked up in the
   * archive before it is fetched, but only when it could not be. One that was archived all the same costs a download, nothing else.
   */
  readonly isFirst?: boolean;
  /**
   * Takes the writing of the marker that says that a recording is linked, so that no recording waits for it. The sender waits for it
   * before it ends; a marker that is lost makes another delivery write the same reference again, and nothing else.
   */
  readonly afterwards?: Afterwards | undefined;
}

/**
 * Archives everything that one event names, each file exactly once: fetch, encrypt, store, verify, receipt, write the reference
 * back. Safe to repeat at any point: a redelivery finds what is done under the same keys, downloads none of it again, and
 * finishes the rest.
 *
 * @returns one result per file, in the platform's order; empty for a conversation that has no recording.
 * @throws ArchiveError when the platform cannot be asked, or the only file failed; `retryable` says whether the same request may
 *   succeed later.
 */
export async function archiveRequest(
  given: ArchivePorts,
  sent: ArchiveRequest,
  budget: Budget,
  { isFirst = false, afterwards }: DeliveryHints = {},
): Promise<readonly ArchiveResult[]> {
  const ports = { ...inOneSpelling(given, sent), afterwards };
  const request = canonicalRequest(sent);
  if (request.dialect !== 'media' || request.occurredAt === undefined) {
    return fetchAndArchive(ports, request, budget);
  }
  // The event's own time names the key without asking the platform, so a redelivery costs it nothing.
  const filing = placeAt(ports, idsOf(request), request.occurredAt);
  const { findSource } = sourcesOf(ports, request, filing.ids, budget);
  const look = async () =>
    (await findArchived(ports, { ...filing, findSource }, budget)) ??
    (await findAsSent(ports, sent, findSource, budget));
  // rules may have changed since: what stands in either place is found before another place is written
  if (!isFirst || ports.quarantine !== undefined) {
    const done = await look();
    return done === undefined ? fetchAndArchive(ports, request, budget) : [done];
  }
  let results: readonly ArchiveResult[];
  try {
    results = await fetchAndArchive(ports, request, budget);
  } catch (error) {
    const done = await look().catch(() => undefined);
    if (done === undefined) throw error;
    return [done];
  }
  if (results.every(({ state }) => state === 'archived')) return results;
  const done = await look();
  return done === undefined ? results : [done];
}

/** Versions before this one named an object as the event spelled it: it keeps that key, and is found by such an event. */
async function findAsSent(
  ports: ArchivePorts,
  sent: ArchiveRequest,
  findSource: FindSource,
  budget: Budget,
): Promise<ArchivedRecording | undefined> {
  if (sent.dialect !== 'media' || sent.occurredAt === undefined) return undefined;
  const filing = placeAt(ports, idsOf(sent), sent.occurredAt);
  if (filing.key === placeAt(ports, idsOf(canonicalRequest(sent)), sent.occurredAt).key) return undefined;
  return findArchived(ports, { ...filing, findSource }, budget);
}

async function fetchAndArchive(
  ports: ArchivePorts,
  request: ArchiveRequest,
  budget: Budget,
): Promise<readonly ArchiveResult[]> {
  const ids = request.dialect === 'media' ? idsOf(request) : { conversationId: request.conversationId };
  const resolution = await ports.resolver.resolve(request, budget);
  if (resolution.state !== 'ready') {
    const known = { recordingId: '', ...ids };
    return resolution.state === 'gone'
      ? [{ ...resolution, ids: known, settled: false }]
      : [{ ...resolution, ids: known }];
  }
  const { items, pending = [], terminal = [], failed = [] } = resolution;
  const results: ArchiveResult[] = [];
  const single = items.length + pending.length + terminal.length + failed.length === 1;
  if (single && failed[0] !== undefined) throw failed[0].error;
  for (const item of items) {
    try {
      results.push(await archiveReady(ports, request, item, budget));
    } catch (error) {
      if (single) throw error;
      results.push({ state: 'failed', ids: item.ids, error: toArchiveError(error) });
    }
  }
  for (const { recordingId = '', error } of failed) {
    results.push({ state: 'failed', ids: { ...ids, recordingId }, error });
  }
  for (const { recordingId = '', ...how } of pending) {
    results.push({ state: 'not-ready', ids: { recordingId, ...ids }, ...how });
  }
  for (const recording of terminal) {
    try {
      results.push(await settleTerminal(ports, request, recording, budget));
    } catch (error) {
      if (single) throw error;
      results.push({ state: 'failed', ids: recording.ids, error: toArchiveError(error) });
    }
  }
  return results;
}

async function archiveReady(
  ports: ArchivePorts,
  request: ArchiveRequest,
  item: MediaItem,
  budget: Budget,
): Promise<ArchiveResult> {
  const filing = await placeItem(ports, request, item, budget);
  const askedAlready = request.dialect === 'media' && request.occurredAt !== undefined;
  const source: Source = { item, refresh: sourcesOf(ports, request, item.ids, budget).refresh };
  const findSource = () => Promise.resolve(source);
  const done = askedAlready ? undefined : await findArchived(ports, { ...filing, findSource }, budget);
  const archived = done ?? (await archiveMarked(ports, source, { request, filing }, budget));
  if (archived.state !== 'archived') return archived;
  const { key } = isQuarantineKey(archived.key) ? archived : filing;
  if (ports.layout?.name === 'genesys-export') await keepSidecar(ports.store, item, key, budget);
  return archived;
}

/** Asks the rules first whether it waits in quarantine. */
async function archiveMarked(
  ports: ArchivePorts,
  source: Source,
  { request, filing }: { readonly request: ArchiveRequest; readonly filing: Filing },
  budget: Budget,
): Promise<ArchiveResult> {
  const quarantine = await markForQuarantine(ports, source.item, request.dialect, budget);
  return archiveUnlessErased(ports, source, { ...filing, quarantine }, budget);
}

/** What was erased stays so, however often its event is delivered. */
async function archiveUnlessErased(
  ports: ArchivePorts,
  source: Source,
  filing: Filing,
  budget: Budget,
): Promise<ArchiveResult> {
  try {
    return await archiveItem(ports, source, filing, budget);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'RECORDING_ERASED') throw error;
    const { ids } = filing;
    const { recordingId } = ids;
    ports.logger.log('warn', 'not archived again: the recording was erased', {
      recordingId,
      code: error.code,
    });
    return { state: 'gone', ids, reason: 'erased', settled: true, ...present({ hint: error.hint }) };
  }
}

/** Where the platform has one file of a request, asked when it is needed. */
export function sourcesOf(
  { resolver }: Pick<ArchivePorts, 'resolver'>,
  request: ArchiveRequest,
  ids: RecordingIds,
  budget: Budget,
): { readonly findSource: FindSource; readonly refresh: Source['refresh'] } {
  const resolve = () =>
    resolver.resolve(
      request.dialect === 'media' ? request : { ...request, recordingId: ids.recordingId },
      budget,
    );
  const pick = (resolution: Resolution) => {
    if (resolution.state !== 'ready') return undefined;
    const found = resolution.items.find((other) => isSameFile(other.ids, ids));
    const failed = resolution.failed?.[0];
    // one that cannot be read may be the one that is looked for
    if (found === undefined && failed !== undefined) throw failed.error;
    return found;
  };
  const refresh = async () => {
    const found = pick(await resolve());
    if (found !== undefined) return found;
    throw new ArchiveError('MEDIA_LINK_EXPIRED', 'the platform has no fresh download link for the recording');
  };
  const findSource = async () => {
    const resolution = await resolve();
    if (resolution.state === 'not-ready') {
      throw new ArchiveError('MEDIA_NOT_READY', `recording ${ids.recordingId} is not complete yet`);
    }
    const item = pick(resolution);
    return item === undefined ? undefined : { item, refresh };
  };
  return { findSource, refresh };
}

async function settleTerminal(
  ports: ArchivePorts,
  request: ArchiveRequest,
  recording: TerminalRecording,
  budget: Budget,
): Promise<ArchiveResult> {
  const { ids, reason, status, permanent, hint } = recording;
  if (permanent) {
    const filing = await placeTerminal(ports, request, recording, budget);
    // it may have been archived while the platform still had it: then the object has its receipt, and none says that there is nothing
    const findSource = () => Promise.resolve(undefined);
    const done = await findArchived(ports, { ...filing, findSource }, budget);
    if (done !== undefined) return done;
    await recordTerminal(ports, filing, `${reason} (${status})`, budget);
  }
  return { state: 'gone', ids, reason, settled: permanent, ...present({ hint }) };
}

function idsOf({ mediaId, interactionId }: MediaRequest): RecordingIds {
  return { recordingId: mediaId, conversationId: interactionId };
}

function isSameFile(one: RecordingIds, other: RecordingIds): boolean {
  return one.recordingId === other.recordingId && one.channel === other.channel;
}
