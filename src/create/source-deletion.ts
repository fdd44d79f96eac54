/** Wires what deletes at the source. Reached by the command line alone: nothing that runs on a schedule deletes anything. */
import { downloadAgain } from '../archive/download-again.ts';
import { sourcesOf } from '../archive/archive-request.ts';
import { type VerifyPorts, verifyAgainstReceipt } from '../audit/verify-recording.ts';
import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig, WrapConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import type { FollowPorts } from '../keep/source-delete/follow-up.ts';
import { inspectCopy, type Served } from '../keep/source-delete/inspect-copy.ts';
import type { SourceDeletePorts } from '../keep/source-delete/source-types.ts';
import type { Logger } from '../log.ts';
import type { MediaItem, MediaOpener, MediaResolver, ObjectStore, VersionedStore } from '../ports.ts';
import { findLastDrill } from '../proof/drill/known-drills.ts';
import { createReader, openAmending, openConfiguredStore, openConfiguredVersions } from './archiver.ts';
import { drillKeys } from './log.ts';
import { openMedia } from './media-opener.ts';
import { openSourceKeeper } from './source-keeper.ts';

export interface OpenSourceDeletion {
  readonly ports: SourceDeletePorts;
  close(): void;
}

/**
 * @throws `SOURCE_DELETE_OFF` where the settings do not allow it; `SOURCE_CLIENT_MISSING`; `CONFIG_INVALID`, `SECRET_*`.
 */
export async function openSourceDeletion(
  { wrap, archive }: { readonly wrap: WrapConfig; readonly archive: ArchiveConfig },
  tools: { readonly clock: Clock; readonly logger: Logger; readonly store?: ObjectStore },
  budget: Budget,
): Promise<OpenSourceDeletion> {
  const { clock, logger } = tools;
  requireAllowed(wrap);
  const keeper = await openSourceKeeper({ wrap, archive }, { clock, logger }, budget);
  const store = tools.store ?? (await openConfiguredStore(wrap, { clock, logger }));
  const {
    keys = new Map(),
    signer,
    layout,
    organizationId,
  } = await openAmending(wrap, { clock, logger }, budget);
  const reader = await createReader(wrap, { clock, logger });
  const versions = await openConfiguredVersions(wrap, { clock, logger });
  const media = openMedia(archive, { clock, logger });
  const verifyPorts: VerifyPorts = { store, keys, layout, organizationId, reader };
  let drill: ReturnType<SourceDeletePorts['lastDrill']> | undefined;
  let unredacted: Promise<'yes' | 'no' | 'unknown'> | undefined;
  const ports: SourceDeletePorts = {
    store,
    keys,
    signer,
    clock,
    source: keeper.source,
    perDay: wrap.source.perDay,
    inspect: (item, rules, given) =>
      inspectCopy(
        {
          store,
          keys,
          verify: (key, each) => verifyAgainstReceipt(verifyPorts, key, 'full', each),
          seesUnredacted: (each) => (unredacted ??= keeper.source.seesUnredacted(each)),
          serve: (wanted, each) =>
            serveAgain({ resolvers: keeper.resolvers, opener: media.opener, clock }, wanted, each),
        },
        item,
        rules,
        given,
      ),
    lockedAmong: (wanted, given) => findLegalHolds(versions, wanted, given),
    lastDrill: (given) => (drill ??= readDrill({ store, config: wrap }, given)),
  };
  return {
    ports,
    close: () => {
      keeper.close();
      media.close();
    },
  };
}

/** @throws `SOURCE_DELETE_OFF`. */
function requireAllowed({ source }: WrapConfig): void {
  if (source.mayDelete) return;
  throw new ArchiveError(
    'SOURCE_DELETE_OFF',
    'nothing is deleted at the platform: the settings do not allow it',
  );
}

/** Which of `wanted` have a version under a legal hold of the bucket. */
async function findLegalHolds(
  versions: VersionedStore,
  wanted: readonly string[],
  budget: Budget,
): Promise<readonly string[]> {
  if ((await versions.bucketLock(budget)).lock === 'none') return [];
  const locked: string[] = [];
  for (const key of wanted) {
    for await (const version of versions.versions(key, budget)) {
      if (version.key !== key || version.isMarker) continue;
      if ((await versions.lockOf(version, budget))?.legalHold === true) locked.push(key);
    }
  }
  return locked;
}

/** Opens what follows up what was marked, and takes it back: also where the settings allow no deletion any more. @throws as above. */
export async function openSourceFollowing(
  { wrap, archive }: { readonly wrap: WrapConfig; readonly archive: ArchiveConfig },
  tools: { readonly clock: Clock; readonly logger: Logger },
  budget: Budget,
): Promise<{ readonly ports: FollowPorts; close(): void }> {
  const { clock } = tools;
  const keeper = await openSourceKeeper({ wrap, archive }, tools, budget);
  const store = await openConfiguredStore(wrap, tools);
  const { keys = new Map(), signer } = await openAmending(wrap, tools, budget);
  return { ports: { store, keys, signer, clock, source: keeper.source }, close: () => keeper.close() };
}

async function readDrill(
  { store, config }: { readonly store: ObjectStore; readonly config: WrapConfig },
  budget: Budget,
): ReturnType<SourceDeletePorts['lastDrill']> {
  const last = await findLastDrill(store, drillKeys(config), budget);
  if (last === undefined) return { at: undefined, restored: 0, failed: 0 };
  const { restored, failed } = last.report.counts;
  return { at: last.at, restored, failed };
}

/** ms that the platform has to make the files of a recording. */
const MAX_WAIT_MS = 10 * 60_000;

interface ServePorts {
  readonly resolvers: readonly MediaResolver[];
  readonly opener: MediaOpener;
  readonly clock: Clock;
}

/** Downloads every file of a recording, as the archive asks for them first; keeps nothing. */
async function* serveAgain(
  { resolvers, opener, clock }: ServePorts,
  wanted: { readonly conversationId: string; readonly recordingId: string; readonly bytes: number },
  budget: Budget,
): AsyncGenerator<readonly Served[] | undefined, void, undefined> {
  const { conversationId, recordingId, bytes } = wanted;
  const request = { dialect: 'recordings', conversationId, recordingId } as const;
  for (const resolver of resolvers) {
    const items = await resolveAll({ resolver, clock }, request, budget);
    if (items === undefined) {
      yield undefined;
      continue;
    }
    const served: Served[] = [];
    for (const item of items) {
      const { refresh } = sourcesOf({ resolver }, request, item.ids, budget);
      const found = () => Promise.resolve({ item, refresh });
      const again = await downloadAgain(opener, found, bytes, budget);
      if (again === undefined) break;
      served.push({ channel: item.ids.channel, bytes: again.bytes, sha256: again.sha256.toString('hex') });
    }
    yield served.length === items.length ? served : undefined;
  }
}

/** `undefined` when the platform has no file of it. @throws `MEDIA_NOT_READY` (retryable) when it is still being made. */
async function resolveAll(
  { resolver, clock }: { readonly resolver: MediaResolver; readonly clock: Clock },
  request: Parameters<MediaResolver['resolve']>[0],
  budget: Budget,
): Promise<readonly MediaItem[] | undefined> {
  const until = clock.now() + MAX_WAIT_MS;
  for (;;) {
    const found = await resolver.resolve(request, budget);
    if (found.state === 'gone') return undefined;
    if (found.state === 'ready') {
      const [failed] = found.failed ?? [];
      if (failed !== undefined) throw failed.error;
      if ((found.pending ?? []).length === 0) return found.items.length === 0 ? undefined : found.items;
    }
    const waitMs = found.state === 'ready' ? (found.pending?.[0]?.retryAfterMs ?? 1_000) : 5_000;
    if (clock.now() + waitMs > until)
      throw new ArchiveError('MEDIA_NOT_READY', 'the platform is still making the file');
    await clock.sleep(waitMs, budget.signal);
  }
}
