import { ArchiveError } from '../errors.ts';
import type { ArchiveRequest, MediaResolver, RecordingIds, ReferenceWriter, Resolution } from '../ports.ts';
import { present } from '../present.ts';
import { canonicalId } from '../recording/id.ts';
import { canonicalIds } from '../record/identity.ts';

interface PlatformPorts {
  readonly resolver: MediaResolver;
  readonly references: ReferenceWriter | undefined;
}

/** The request in the one spelling of the archive: two events that differ in the case of a UUID name one recording. */
export function canonicalRequest<T extends ArchiveRequest>(request: T): T {
  const ids =
    request.dialect === 'media'
      ? { mediaId: canonicalId(request.mediaId), interactionId: canonicalId(request.interactionId) }
      : {
          conversationId: canonicalId(request.conversationId),
          ...present({
            recordingId: request.recordingId === undefined ? undefined : canonicalId(request.recordingId),
          }),
        };
  return { ...request, ...ids };
}

/**
 * The platform's side of the ports for one request. The archive names a recording in one spelling; the platform is asked in the
 * one of the event, or in its own, and in the archive's where it does not know the recording under the other.
 */
export function inOneSpelling<P extends PlatformPorts>(ports: P, sent: ArchiveRequest): P {
  const { resolver, references } = ports;
  /** By the canonical spelling. */
  const spelled = new Map<string, string>();
  const learn = (...ids: readonly (string | undefined)[]) => {
    for (const id of ids) if (id !== undefined && id !== canonicalId(id)) spelled.set(canonicalId(id), id);
  };
  if (sent.dialect === 'media') learn(sent.mediaId, sent.interactionId);
  else learn(sent.conversationId, sent.recordingId);
  const asSent = (id: string) => spelled.get(id) ?? id;

  const resolve: MediaResolver['resolve'] = async (request, budget) => {
    const original = respell(request, asSent);
    const resolution = await resolver.resolve(original, budget);
    const isKnown = resolution.state !== 'gone' || sameRequest(original, request);
    const answer = isKnown ? resolution : await resolver.resolve(request, budget);
    if (!isKnown && answer.state !== 'gone') spelled.clear();
    if (answer.state === 'ready') {
      for (const { ids } of [...answer.items, ...(answer.terminal ?? [])]) {
        learn(ids.recordingId, ids.conversationId);
      }
    }
    return canonicalResolution(answer);
  };
  const write: ReferenceWriter['write'] = async (ids, reference, budget) => {
    const original: RecordingIds = {
      ...ids,
      recordingId: asSent(ids.recordingId),
      conversationId: asSent(ids.conversationId),
    };
    try {
      await references?.write(original, reference, budget);
    } catch (error) {
      const isUnknown = error instanceof ArchiveError && error.code === 'INTERACTION_NOT_FOUND';
      const isSame =
        original.recordingId === ids.recordingId && original.conversationId === ids.conversationId;
      if (!isUnknown || isSame) throw error;
      await references?.write(ids, reference, budget);
    }
  };
  return { ...ports, resolver: { resolve }, references: references === undefined ? undefined : { write } };
}

function respell(request: ArchiveRequest, asSent: (id: string) => string): ArchiveRequest {
  if (request.dialect === 'media') {
    return { ...request, mediaId: asSent(request.mediaId), interactionId: asSent(request.interactionId) };
  }
  const { conversationId, recordingId } = request;
  return {
    ...request,
    conversationId: asSent(conversationId),
    ...present({ recordingId: recordingId === undefined ? undefined : asSent(recordingId) }),
  };
}

function sameRequest(one: ArchiveRequest, other: ArchiveRequest): boolean {
  const names = (request: ArchiveRequest) =>
    request.dialect === 'media'
      ? [request.mediaId, request.interactionId]
      : [request.conversationId, request.recordingId];
  const others = names(other);
  return names(one).every((name, index) => name === others[index]);
}

function canonicalResolution(resolution: Resolution): Resolution {
  if (resolution.state !== 'ready') return resolution;
  const { items, pending, terminal } = resolution;
  const named = <T extends { readonly ids: RecordingIds }>(one: T): T => ({
    ...one,
    ids: canonicalIds(one.ids),
  });
  return {
    ...resolution,
    items: items.map(named),
    ...present({
      pending:
        pending === undefined
          ? undefined
          : pending.map((one) => ({
              ...one,
              recordingId: one.recordingId === undefined ? undefined : canonicalId(one.recordingId),
            })),
      terminal: terminal?.map(named),
    }),
  };
}
