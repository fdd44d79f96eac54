import net, { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Ways in which a download goes wrong. */
export const KINDS = [
  /** Content-Length, and what is sent, are shorter than the file; the host does not know better. */
  'length-short',
  /** Fewer bytes than Content-Length. */
  'length-long',
  /** A chunked body without its last chunk. */
  'chunked-cut',
  /** No length at all, and the connection closes early. */
  'close-delimited',
  'reset',
  'stall',
  /** An encoded body nobody asked for. */
  'gzip',
  /** A page with status 200; every other one says it is audio. */
  'html',
  /** The file's own header states more bytes than there are. */
  'wrong-riff',
] as const;

export type Kind = (typeof KINDS)[number];

export interface Fault {
  readonly kind: Kind;
  /** Byte of the body at which it goes wrong. */
  readonly at: number;
  /** How many responses are struck, from the first on; the others are right. */
  readonly times: number;
}

export interface FaultyHost {
  readonly url: string;
  /** A URL whose responses meet with `fault`. */
  add(fault: Fault): string;
  /** Responses given so far for that URL. */
  count(url: string): number;
  close(): Promise<void>;
}

const ETAG = '"the-only-version"';

/** A media host that writes its responses byte by byte, so that they can be wrong in ways no HTTP library allows. */
export async function startFaultyHost(file: Buffer): Promise<FaultyHost> {
  const faults = new Map<string, Fault>();
  const counts = new Map<string, number>();
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      const path = /^GET (\S+)/.exec(text)?.[1] ?? '';
      const from = /\r\nrange: bytes=(\d+)-(\d*)/i.exec(text);
      text = '';
      const count = (counts.get(path) ?? 0) + 1;
      counts.set(path, count);
      const fault = faults.get(path);
      if (fault === undefined) socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      else if (count > fault.times) serveRightly(socket, file, from);
      else serveWrongly(socket, file, fault);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    add(fault) {
      const path = `/${faults.size}`;
      faults.set(path, fault);
      return origin + path;
    },
    count: (url) => counts.get(new URL(url).pathname) ?? 0,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function head(status: string, headers: Record<string, string | number>): string {
  const lines = Object.entries({ 'content-type': 'audio/wav', etag: ETAG, ...headers });
  return `HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

function serveRightly(socket: net.Socket, file: Buffer, range: RegExpExecArray | null): void {
  if (range === null) {
    socket.write(head('200 OK', { 'content-length': file.length }));
    socket.write(file);
    return;
  }
  const first = Number(range[1]);
  const last = range[2] === '' ? file.length - 1 : Number(range[2]);
  const part = file.subarray(first, last + 1);
  const contentRange = `bytes ${first}-${last}/${file.length}`;
  socket.write(head('206 Partial Content', { 'content-length': part.length, 'content-range': contentRange }));
  socket.write(part);
}

function serveWrongly(socket: net.Socket, file: Buffer, { kind, at }: Fault): void {
  const cut = file.subarray(0, at);
  switch (kind) {
    case 'length-short':
      socket.write(head('200 OK', { 'content-length': cut.length }));
      socket.write(cut);
      return;
    case 'length-long':
      socket.write(head('200 OK', { 'content-length': file.length }));
      socket.end(cut);
      return;
    case 'chunked-cut':
      socket.write(head('200 OK', { 'transfer-encoding': 'chunked' }));
      if (cut.length > 0) socket.write(`${cut.length.toString(16)}\r\n`);
      socket.end(cut);
      return;
    case 'close-delimited':
      socket.write(head('200 OK', { connection: 'close' }));
      socket.end(cut);
      return;
    case 'reset':
      socket.write(head('200 OK', { 'content-length': file.length }));
      socket.write(cut, () => socket.resetAndDestroy());
      return;
    case 'stall':
      socket.write(head('200 OK', { 'content-length': file.length }));
      socket.write(cut);
      return;
    case 'gzip': {
      const encoded = gzipSync(cut);
      socket.write(head('200 OK', { 'content-length': encoded.length, 'content-encoding': 'gzip' }));
      socket.write(encoded);
      return;
    }
    case 'html': {
      const page = `<!DOCTYPE html><html><body>${'sorry '.repeat(1 + (at % 200))}</body></html>`;
      const contentType = at % 2 === 0 ? 'text/html; charset=utf-8' : 'audio/wav';
      socket.write(head('200 OK', { 'content-length': page.length, 'content-type': contentType }));
      socket.write(page);
      return;
    }
    case 'wrong-riff': {
      const wrong = Buffer.from(file);
      wrong.writeUInt32LE(file.length - 8 + 1 + at, 4);
      socket.write(head('200 OK', { 'content-length': wrong.length }));
      socket.write(wrong);
    }
  }
}
