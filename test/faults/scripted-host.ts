import { randomBytes } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { unlimited } from '../../src/clock.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { ArchiveError } from '../../src/errors.ts';
import { createMediaOpener } from '../../src/genesys/media/download.ts';
import { createTransport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import type { MediaItem } from '../../src/ports.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { fastClock } from '../fast-clock.ts';
import { MemoryS3, PROMPT_CALLER } from './memory-s3.ts';

const AT = Date.UTC(2026, 4, 20, 12);
const RECORDING = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';

/** How a body ends: by its length, by its last chunk, by the end of the connection; `cut`: by a last chunk that never comes. */
export type BodyEnd = 'length' | 'chunked' | 'close' | 'cut';

export interface Served {
  readonly body: Uint8Array;
  readonly end: BodyEnd;
  /** `undefined`: none. */
  readonly type?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `archived` with what the receipt states of the source, or the code of the error; and how many bodies were asked for. */
export interface Outcome {
  readonly archived?: Readonly<Record<string, unknown>>;
  readonly code?: string;
  readonly message?: string;
  readonly downloads: number;
}

/**
 * Archives one recording from a host that answers its downloads with `served`, one after the other and the last one for ever, through
 * the real opener, heart and S3 store. Requests for ranges are answered with all of it, as by a host that knows none.
 */
export async function archiveServed(
  served: readonly Served[],
  item: Partial<MediaItem> = {},
): Promise<Outcome> {
  let downloads = 0;
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      const isProbe = /\r\nrange: bytes=0-0\r\n/i.test(text);
      text = '';
      const now = served[Math.min(downloads, served.length - 1)];
      if (!isProbe) downloads += 1;
      if (now !== undefined) answer(socket, now);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const clock = fastClock(AT);
  const s3 = new MemoryS3(() => clock.now());
  const logger = silentLogger;
  const transport = createTransport({ guard: { allowLoopback: true } });
  const ids = { recordingId: RECORDING, conversationId: 'c' };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.wav`;
  const found: MediaItem = { ids, url, recordedAt: AT, ...item };
  const ports = {
    resolver: { resolve: () => Promise.resolve({ state: 'ready', items: [found] } as const) },
    opener: createMediaOpener({ transport, policy: { hosts: [], allowLoopback: true }, clock, logger }),
    references: undefined,
    envelope: createStaticEnvelope(randomBytes(32)),
    store: createS3Store({ client: s3.client(PROMPT_CALLER), bucket: 'bucket', clock, logger }),
    clock,
    logger,
  };
  try {
    await archiveRequest(ports, { dialect: 'media', mediaId: RECORDING, interactionId: 'c' }, unlimited);
    const [, receipt] = [...s3.objects].find(([key]) => key.startsWith('receipts/')) ?? [];
    const { source } = JSON.parse(receipt?.body.toString() ?? '{}') as { source: Record<string, unknown> };
    return { archived: source, downloads };
  } catch (error) {
    if (!(error instanceof ArchiveError) || s3.objects.size > 0) throw error;
    return { code: error.code, message: error.message, downloads };
  } finally {
    transport.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

function answer(socket: net.Socket, { body, end, type, headers = {} }: Served): void {
  const framing = {
    length: { 'content-length': String(body.byteLength) },
    chunked: { 'transfer-encoding': 'chunked' },
    cut: { 'transfer-encoding': 'chunked' },
    close: {},
  }[end];
  const all = Object.entries({
    ...(type === undefined ? {} : { 'content-type': type }),
    connection: 'close',
    ...framing,
    ...headers,
  });
  socket.write(`HTTP/1.1 200 OK\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  if (end === 'chunked' || end === 'cut') {
    socket.write(`${body.byteLength.toString(16)}\r\n`);
    socket.write(body);
    socket.end(end === 'chunked' ? '\r\n0\r\n\r\n' : '\r\n');
  } else socket.end(body);
}

export interface WavSizes {
  readonly riff?: number;
  readonly data?: number;
  /** Behind the data chunk. */
  readonly behind?: Uint8Array;
}

/** A WAV file of A-law as recorders write it: `fmt `, `data`, whatever sizes they state. */
export function wavOf(soundBytes: number, { riff, data, behind }: WavSizes = {}): Buffer {
  const header = Buffer.alloc(44);
  const rest = Buffer.concat([Buffer.alloc(soundBytes, 0x55), behind ?? Buffer.alloc(0)]);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(riff ?? 36 + rest.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(6, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(8000, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(data ?? soundBytes, 40);
  return Buffer.concat([header, rest]);
}
