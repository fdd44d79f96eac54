import { createPublicKey, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseCheckpoint } from '../../src/proof/formats/checkpoint.ts';
import { cosignatureOf, cosignedText } from '../../src/proof/formats/cosignature.ts';
import { checkConsistency } from '../../src/proof/formats/merkle-proofs.ts';
import {
  checkNote,
  COSIGNATURE_TYPE,
  decodeBase64,
  formatSignature,
  type NoteKey,
  noteKey,
  parseNote,
} from '../../src/proof/formats/note.ts';
import { privateKeyFrom } from './log-fixture.ts';

export interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LocalWitness {
  readonly url: string;
  readonly key: NoteKey;
  /** What it has cosigned last, of each origin. */
  readonly seen: Map<string, { size: number; root: Buffer }>;
  readonly requests: string[];
  /** From now on what it answers instead. `undefined` goes on as the specification says. */
  lie: ((request: string, honest: () => Reply) => Reply | undefined) | undefined;
  readonly cosign: (text: string, at?: number) => string;
  readonly close: () => Promise<void>;
}

/**
 * A witness as C2SP tlog-witness has it, step by step and from its text: which status comes first, what is remembered, what is signed.
 *
 * @param now seconds since 1970.
 */
export async function startWitness(
  logs: readonly NoteKey[],
  { name = 'witness.example.com/w1', now = () => Math.floor(Date.now() / 1_000) } = {},
): Promise<LocalWitness> {
  const privateKey = privateKeyFrom(name);
  const key = noteKey(name, createPublicKey(privateKey), COSIGNATURE_TYPE);
  const seen: LocalWitness['seen'] = new Map();
  const cosign = (text: string, at = now()) =>
    formatSignature(cosignatureOf(key, at, sign(null, Buffer.from(cosignedText(text, at)), privateKey)));
  const answer = (request: string): Reply => {
    const split = request.indexOf('\n\n');
    const [old = '', ...lines] = request.slice(0, split).split('\n');
    const note = parseNote(request.slice(split + 2));
    const checkpoint = parseCheckpoint(note?.text ?? '');
    if (split === -1 || !/^old (?:0|[1-9]\d*)$/.test(old) || lines.length > 63) return { status: 400 };
    if (note === undefined || checkpoint === undefined) return { status: 400 };
    const { origin, size, root } = checkpoint;
    const known = logs.filter((log) => log.name === origin);
    if (known.length === 0) return { status: 404 };
    if (checkNote(note, known) !== 'valid') return { status: 403 };
    const from = Number(old.slice(4));
    if (from > size) return { status: 400 };
    const last = seen.get(origin) ?? { size: 0, root: Buffer.alloc(32) };
    const conflict: Reply = {
      status: 409,
      body: `${last.size}\n`,
      headers: { 'content-type': 'text/x.tlog.size' },
    };
    if (from !== last.size) return conflict;
    const path = lines.map((line) => decodeBase64(line) ?? Buffer.alloc(0));
    if (from === size && !last.root.equals(root)) return conflict;
    if (!checkConsistency({ from, fromRoot: last.root, size, root, path })) return { status: 422 };
    seen.set(origin, { size, root });
    return { status: 200, body: cosign(note.text) };
  };
  const requests: string[] = [];
  const witness: LocalWitness = {
    url: '',
    key,
    seen,
    requests,
    lie: undefined,
    cosign,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      requests.push(text);
      const isCall = request.method === 'POST' && request.url === '/some/prefix/add-checkpoint';
      const honest = () => (isCall ? answer(text) : { status: 405 });
      const { status, body = '', headers = {} }: Reply = witness.lie?.(text, honest) ?? honest();
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(witness, { url: `http://127.0.0.1:${port}/some/prefix` });
}
