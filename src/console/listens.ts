import type * as z from 'zod';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { listenBody, listenEndBody, listenGranted, listenQuery, listenState } from './api-schema.ts';
import { type ConsoleAnswer, jsonAnswer, noContent } from './exchange.ts';
import { newGrantId } from './grants-sealer.ts';
import type { Listen, RefusedPiece } from './listen-registry.ts';
import { fileOf, locateRecording } from './locate.ts';
import { answerRange } from './media-range.ts';
import { formatOfFile, openRecording } from './open-recording.ts';
import { type Call, route, type Route } from './routes/route.ts';

/** What is sent of a file whose first bytes do not tell. */
const UNKNOWN_TYPE = 'application/octet-stream';

/** Begins a listen. Its entry is durable before the answer, and so before the first byte. */
async function begin(call: Call<undefined, z.output<typeof listenBody>>): Promise<ConsoleAnswer> {
  const { state, archive, session, body, budget } = call;
  if (state.reasonRequired && (body.reason ?? '').trim() === '') {
    throw new ArchiveError('REASON_REQUIRED', 'say why you listen to this recording');
  }
  const located = await locateRecording(archive, session, body.recording, budget);
  const { key } = fileOf(located, body.channel);
  state.listens.makeRoom(session);
  const seekable = await openRecording(archive, key, budget);
  const { contentType = UNKNOWN_TYPE } = await formatOfFile(archive, seekable, budget);
  const id = newGrantId();
  const { recordingId } = located;
  const accessed = { recording: recordingId, key, listen: id, ...present({ reason: body.reason }) };
  await state.access.write(archive, session, { action: 'listen', ...accessed });
  const listen = state.listens.begin({ session, archive, recordingId, key, contentType, seekable }, id);
  return jsonAnswer(201, {
    listen: listen.sealed,
    media: `/media/${listen.sealed}`,
    contentType,
    bytes: seekable.bytes,
    expiresInS: state.listens.expiresInS(listen),
    leafBytes: seekable.leafBytes,
  });
}

/** The listen that an address names; where another process granted it, it is opened in this one. @throws `LISTEN_OVER`. */
function listenOf({ state, session, params, budget }: Pick<Call, 'state' | 'session' | 'params' | 'budget'>) {
  return state.listens.find(params['listen'] ?? '', session, async ({ archive: name, key }) => {
    const archive = state.archives.find((one) => (one.name ?? null) === name);
    if (archive === undefined) throw new ArchiveError('LISTEN_OVER', 'its archive is not shown any more');
    const own = await state.archiveFor(session, archive, budget);
    return { archive: own, seekable: await openRecording(own, key, budget) };
  });
}

/** Plaintext of a listen: only pieces that have been compared, and none of a listen that has no durable entry. */
async function sendMedia(call: Call): Promise<ConsoleAnswer> {
  const { state, request, budget } = call;
  const listen = await listenOf(call);
  const { seekable, contentType } = listen;
  const { bytes, leafBytes } = seekable;
  const etag = `"${listen.id}"`;
  const { range, 'if-range': ifRange } = request.headers;
  const answer = answerRange(range, ifRange, { bytes, leafBytes, etag });
  const common = { 'content-type': contentType, 'accept-ranges': 'bytes', etag };
  if (answer.status === 416) {
    return {
      ...jsonAnswer(416, {
        error: { code: 'RANGE_NOT_SATISFIABLE', message: `the recording has ${bytes} bytes` },
      }),
      headers: { 'content-type': 'application/json', 'content-range': `bytes */${bytes}` },
    };
  }
  const { first, last } = answer.status === 206 ? answer : { first: 0, last: bytes - 1 };
  const headers = {
    ...common,
    'content-length': String(last - first + 1),
    ...(answer.status === 206 ? { 'content-range': `bytes ${first}-${last}/${bytes}` } : {}),
  };
  if (request.method === 'HEAD' || bytes === 0) return { status: answer.status, headers };
  const close = state.listens.openRange(listen);
  try {
    const pieces = seekable.read({ first, last }, budget)[Symbol.asyncIterator]();
    // before the head of the answer: only then damage is a status, and not a body that breaks
    const begun = await nextPiece(state, listen, pieces, first);
    return { status: answer.status, headers, body: sending(state, listen, { begun, pieces, first, close }) };
  } catch (error) {
    close();
    throw error;
  }
}

type Pieces = AsyncIterator<Uint8Array, unknown>;

async function nextPiece(
  state: Call['state'],
  listen: Listen,
  pieces: Pieces,
  at: number,
): Promise<IteratorResult<Uint8Array, unknown>> {
  try {
    return await pieces.next();
  } catch (thrown) {
    const { code } = toArchiveError(thrown);
    const { bytes, leafBytes } = listen.seekable;
    const last = Math.min(bytes, (Math.floor(at / leafBytes) + 1) * leafBytes) - 1;
    // who has gone away is no fault of the piece
    if (code !== 'INTERRUPTED') state.listens.refuse(listen, { first: at, last, code });
    throw thrown;
  }
}

/** A body that gives its range back however it ends, also where it is never begun: a generator would not. */
function sending(
  state: Call['state'],
  listen: Listen,
  {
    begun,
    pieces,
    first,
    close,
  }: {
    readonly begun: IteratorResult<Uint8Array, unknown>;
    readonly pieces: Pieces;
    readonly first: number;
    readonly close: () => void;
  },
): AsyncIterable<Uint8Array> {
  let at = first;
  let next: IteratorResult<Uint8Array, unknown> | undefined = begun;
  const end = async () => {
    close();
    await pieces.return?.();
    return { done: true, value: undefined } as const;
  };
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    next: async () => {
      try {
        const piece = next ?? (await nextPiece(state, listen, pieces, at));
        next = undefined;
        if (piece.done === true) return await end();
        at += piece.value.length;
        listen.sentBytes += piece.value.length;
        return { done: false, value: piece.value };
      } catch (error) {
        close();
        throw error;
      }
    },
    return: end,
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** The entry of a listen that is over. @param isShared what other processes sent is not known. */
export function endedEntry(
  listen: Listen,
  isShared: boolean,
  heard?: readonly (readonly [number, number])[],
) {
  const { id, recordingId, key, sentBytes } = listen;
  return {
    action: 'listened',
    recording: recordingId,
    key,
    listen: id,
    ...present({
      sentBytes: isShared ? undefined : sentBytes,
      heard: heard?.map((span) => [...span]),
    }),
  } as const;
}

/** Pieces that a player reads ahead. */
const LOOKED_AT_AGAIN = 3;

/** Reads pieces again, where another process may have been the one that refused them. @param near from 0 to 1. */
async function refusedNear(call: Call, listen: Listen, near: number): Promise<readonly RefusedPiece[]> {
  const { seekable, refused } = listen;
  const { bytes, leafBytes } = seekable;
  const leaf = Math.floor((near * bytes) / leafBytes);
  for (
    let at = leaf * leafBytes;
    at < Math.min(bytes, (leaf + LOOKED_AT_AGAIN) * leafBytes);
    at += leafBytes
  ) {
    if (refused.length > 0) break;
    const pieces = seekable.read({ first: at, last: at }, call.budget)[Symbol.asyncIterator]();
    try {
      await nextPiece(call.state, listen, pieces, at);
    } catch (thrown) {
      if (toArchiveError(thrown).retryable) throw thrown;
    } finally {
      await pieces.return?.();
    }
  }
  return refused;
}

export const LISTEN_ROUTES: readonly Route[] = [
  route(
    {
      method: 'POST',
      path: '/api/listens',
      needs: 'listen',
      summary: 'begins a listen; its entry is durable before this is answered',
      body: listenBody,
      answers: [{ status: 201, shape: listenGranted }],
      entry: 'listen',
    },
    begin,
  ),
  route(
    {
      method: 'GET',
      path: '/media/:listen',
      needs: 'listen',
      summary:
        'the recording, for an `<audio>` or `<video>` element; also `HEAD`. A range is cut at the end of the leaf that its first byte lies in',
      answers: [
        { status: 206, meaning: 'bytes of one leaf, compared with its receipt before they were decrypted' },
        { status: 200, meaning: 'without `Range`: all of it' },
        { status: 416, meaning: 'a range behind the end' },
        { status: 500, meaning: 'a piece that is not what was archived; none of its bytes is sent' },
      ],
    },
    sendMedia,
  ),
  route(
    {
      method: 'GET',
      path: '/api/listens/:listen',
      needs: 'listen',
      summary:
        'which pieces of a listen were refused, and why: a media element does not say it. Pieces from `near` on, a part of the whole, are looked at again',
      query: listenQuery,
      answers: [{ status: 200, shape: listenState }],
    },
    async (call) => {
      const listen = await listenOf(call);
      const { near } = call.query;
      const refused = near === undefined ? listen.refused : await refusedNear(call, listen, near);
      return jsonAnswer(200, { refused, expiresInS: call.state.listens.expiresInS(listen) });
    },
  ),
  route(
    {
      method: 'POST',
      path: '/api/listens/:listen/end',
      needs: 'listen',
      summary: 'ends a listen, and says which seconds were heard',
      body: listenEndBody,
      answers: [{ status: 204 }],
      entry: 'listened',
    },
    async (call) => {
      const { state, session, body } = call;
      const listen = await listenOf(call);
      state.listens.end(listen);
      const entry = endedEntry(listen, state.listens.isShared, body.heard);
      await state.access.write(listen.archive, session, entry);
      return noContent;
    },
  ),
];
