/**
 * The media source of the benchmark, which also plays the platform's API in the tutorial's dialect. A process of its own.
 * Usage: node source.mjs [certificate file, key file]
 */
import { randomFillSync } from 'node:crypto';
import type net from 'node:net';
import { bytesOfRecording } from '../recording-ids.ts';
import { announce, certificateOf, listen, RequestCounts } from './listen.ts';
import { formatAnswer, formatHead, type WireRequest } from './request-reader.ts';

const NOISE = randomFillSync(Buffer.allocUnsafeSlow(8 * 1024 * 1024));
const SLICE = 1024 * 1024;
const WAV_HEADER = 44;
const JSON_TYPE = { 'content-type': 'application/json' };
/** No throttling: it is the pipeline that is measured, not the platform's limit of 300 requests a minute. */
const RATE = { 'inin-ratelimit-allowed': 999_999, 'inin-ratelimit-count': 1, 'inin-ratelimit-reset': 60 };

const counts = new RequestCounts();
announce(await listen(answer, certificateOf(process.argv.slice(2))));

function answer(socket: net.Socket, request: WireRequest, origin: string): void {
  const { method, target } = request;
  const [path = ''] = target.split('?', 1);
  const id = path.slice(path.lastIndexOf('/') + 1).replace(/\.wav$/, '');
  if (path.startsWith('/media/') && method === 'GET') {
    counts.add('GET media file');
    sendMedia(socket, request, bytesOfRecording(id));
  } else if (path.startsWith('/api/v2/media/') && method === 'GET') {
    counts.add('GET media object');
    const bytes = bytesOfRecording(id);
    if (bytes === undefined) {
      socket.write(formatAnswer(404, JSON_TYPE, '{}'));
      return;
    }
    const media = {
      id,
      // where the request was sent, which may be a line before this server
      downloadUrl: `${new URL(origin).protocol}//${request.headers['host'] ?? new URL(origin).host}/media/${id}.wav?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=${'0'.repeat(64)}`,
      status: 'complete',
      mediaType: 'audio',
      // 8,000 samples of 16 bits a second
      duration: Math.floor(bytes / 16),
    };
    socket.write(formatAnswer(200, { ...JSON_TYPE, ...RATE }, JSON.stringify(media)));
  } else if (path.startsWith('/api/v2/interactions/') && method === 'PATCH') {
    counts.add('PATCH interaction');
    socket.write(formatAnswer(200, { ...JSON_TYPE, ...RATE }, '{}'));
  } else if (path === '/oauth/token' && method === 'POST') {
    counts.add('POST token');
    const token = { access_token: 'bench', token_type: 'Bearer', expires_in: 28_800 };
    socket.write(formatAnswer(200, JSON_TYPE, JSON.stringify(token)));
  } else if (path === '/-/counts') {
    socket.write(formatAnswer(200, JSON_TYPE, counts.toJson()));
  } else if (path === '/-/reset') {
    counts.clear();
    socket.write(formatAnswer(200));
  } else {
    counts.add(`${method} elsewhere`);
    socket.write(formatAnswer(404, JSON_TYPE, '{}'));
  }
}

/** A WAV file of noise; `Range: bytes=first-[last]` is understood, `If-Range` always holds. */
function sendMedia(socket: net.Socket, { headers }: WireRequest, bytes: number | undefined): void {
  const [, from, to] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(headers['range'] ?? '') ?? [];
  if (bytes === undefined || Number(from ?? 0) >= bytes) {
    socket.write(formatAnswer(bytes === undefined ? 404 : 416));
    return;
  }
  const first = Number(from ?? 0);
  const last = to === undefined || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1);
  const head = formatHead(from === undefined ? 200 : 206, {
    'content-type': 'audio/wav',
    'content-length': last + 1 - first,
    'content-range': from === undefined ? undefined : `bytes ${first}-${last}/${bytes}`,
    'accept-ranges': 'bytes',
    etag: `"${bytes}"`,
  });
  const header = wavHeader(bytes).subarray(first, last + 1);
  socket.write(Buffer.concat([Buffer.from(head, 'latin1'), header]));
  let at = first + header.length;
  const send = (): void => {
    while (at <= last) {
      const begin = at % NOISE.length;
      const slice = NOISE.subarray(begin, Math.min(begin + SLICE, begin + last + 1 - at));
      at += slice.length;
      if (!socket.write(slice)) break;
    }
    if (at <= last) socket.once('drain', send);
  };
  send();
}

/** RIFF/WAVE, 16-bit PCM, mono, 8,000 Hz, with its true length. */
function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(bytes - 8, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16_000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(bytes - WAV_HEADER, 40);
  return header;
}
