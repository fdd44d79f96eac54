import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWitnessDoor } from '../../../src/anchor/witness.ts';
import { unlimited } from '../../../src/clock.ts';
import { createTransport } from '../../../src/http/transport.ts';
import { createWitness, readCosignatures } from '../../../src/proof/anchors/witness.ts';
import { parseConsistency } from '../../../src/proof/formats/consistency.ts';
import { COSIGNATURE_TYPE, noteKey, parseNote } from '../../../src/proof/formats/note.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { failure } from '../../failure.ts';
import { ArchiveFixture, DAY } from '../archive-fixture.ts';
import { type LocalWitness, type Reply, startWitness } from '../local-witness.ts';
import { LOG_SIGNER, placeIn } from '../log-fixture.ts';
import { contentsOf } from '../plain-store.ts';

const transport = createTransport({});
let fixture: ArchiveFixture;
let first: LocalWitness;
let second: LocalWitness;

beforeEach(async () => {
  fixture = new ArchiveFixture();
  await fixture.init();
  const now = () => Math.floor(fixture.now / 1_000);
  first = await startWitness([LOG_SIGNER.key], { now });
  second = await startWitness([LOG_SIGNER.key], { name: 'other.example.com/w2', now });
});

afterEach(async () => {
  await first.close();
  await second.close();
});

const anchorOf = ({ url, key }: LocalWitness) =>
  createWitness({
    place: placeIn(fixture.store),
    key,
    door: createWitnessDoor(url, transport),
    now: () => fixture.now,
  });

/** Seals one more day, with a new process. */
async function sealNext(...witnesses: LocalWitness[]) {
  fixture.anchors = witnesses.map(anchorOf);
  await fixture.archive(`call ${fixture.now}`, new Date(fixture.now - DAY).toISOString().slice(0, 10));
  const sealed = await sealDays(fixture.ports(), {}, unlimited);
  fixture.now += DAY;
  return sealed;
}

const cosigKeys = () => [...fixture.store.objects.keys()].filter((key) => key.endsWith('.cosig'));
const place = () => ({ ...placeIn(fixture.store), witnesses: [first.key, second.key] });

describe('witnesses', () => {
  it('cosign each checkpoint; what they signed is kept beside it, and verifies', async () => {
    for (let night = 0; night < 4; night += 1) {
      const { head, failed, anchored } = await sealNext(first, second);
      expect(failed).toEqual([]);
      expect(anchored.map(({ kind, name }) => [kind, name])).toEqual([
        ['witness', 'witness.example.com/w1'],
        ['witness', 'other.example.com/w2'],
      ]);
      const { size, note = '' } = head;
      const found = await readCosignatures(
        placeIn(fixture.store),
        { size, note },
        [first.key, second.key],
        unlimited,
      );
      expect(found.map(({ key, time }) => [key.name, time * 1_000])).toEqual([
        [first.key.name, fixture.now - DAY],
        [second.key.name, fixture.now - DAY],
      ]);
      // appended to the note they make it a cosigned one
      expect(parseNote(note + found.map(({ line }) => line).join(''))?.signatures).toHaveLength(3);
    }
    expect(cosigKeys()).toHaveLength(8);
    expect((await auditLog(place(), [], unlimited)).findings).toEqual([]);
  });

  it('are given a proof from what they have cosigned last, also by a process that does not know it', async () => {
    await sealNext(first);
    await sealNext(first);
    await sealNext();
    const { failed, head } = await sealNext(first);
    expect(failed).toEqual([]);
    const last = parseConsistency(first.requests.at(-1) ?? '');
    expect(last?.from).toBeGreaterThan(0);
    expect(last?.path.length).toBeGreaterThan(0);
    expect(first.seen.get(LOG_SIGNER.key.name)?.size).toBe(head.size);
  });

  it('are not asked again for what is kept, but for whether they know a longer log', async () => {
    await sealNext(first);
    const before = first.requests.length;
    fixture.now -= DAY;
    fixture.anchors = [anchorOf(first)];
    expect((await sealDays(fixture.ports(), {}, unlimited)).failed).toEqual([]);
    expect(first.requests.length - before).toBe(1);
    expect(cosigKeys()).toHaveLength(1);
  });

  it('that know a longer log keep a store that was set back from being sealed', async () => {
    await sealNext(first);
    const earlier = new Map(fixture.store.objects);
    await sealNext(first);
    fixture.store.objects.clear();
    for (const [key, object] of earlier) fixture.store.objects.set(key, object);
    const before = contentsOf(fixture.store, 'proof/');
    const error = await failure(sealNext(first));
    expect(error.code).toBe('LOG_ROLLED_BACK');
    expect(error.message).toContain('is known to witness witness.example.com/w1');
    expect(contentsOf(fixture.store, 'proof/')).toEqual(before);
  });

  it('that know another history of the same length keep it from being sealed', async () => {
    const { head } = await sealNext();
    first.seen.set(LOG_SIGNER.key.name, { size: head.size, root: Buffer.alloc(32, 7) });
    const error = await failure(sealNext(first));
    expect(error.code).toBe('LOG_ROLLED_BACK');
    expect(error.message).toContain('has another root at');
  });

  it('that cannot be reached are a warning, and are made up by the next seal', async () => {
    first.lie = () => ({ status: 503 });
    const { failed, anchored } = await sealNext(first, second);
    expect(failed.map(({ name, error }) => [name, error.code])).toEqual([
      [first.key.name, 'ANCHOR_UNAVAILABLE'],
    ]);
    expect(anchored.map(({ name }) => name)).toEqual([second.key.name]);
    first.lie = undefined;
    fixture.now -= DAY;
    fixture.anchors = [anchorOf(first)];
    expect((await sealDays(fixture.ports(), {}, unlimited)).failed).toEqual([]);
    expect(cosigKeys()).toHaveLength(2);
    await first.close();
    const gone = (await sealNext(first)).failed;
    expect(gone.map(({ error }) => error.code)).toEqual(['ANCHOR_UNAVAILABLE']);
  });

  it.each([
    [400, 'could not read the request'],
    [403, 'knows no key that signed this checkpoint'],
    [404, 'does not know this log'],
    [422, 'has cosigned another history'],
  ])('that refuse with %i are told apart from those that are not there', async (status, words) => {
    first.lie = () => ({ status });
    const [failed] = (await sealNext(first)).failed;
    expect(failed?.error.code).toBe('ANCHOR_REFUSED');
    expect(failed?.error.message).toContain(words);
  });
});

describe('a witness that lies', () => {
  const honestLine = (witness: LocalWitness, request: string, at?: number): string => {
    const note = parseNote(request.slice(request.indexOf('\n\n') + 2));
    return witness.cosign(note?.text ?? '', at);
  };
  const lies: readonly (readonly [string, (request: string) => Reply])[] = [
    ['without a line', () => ({ status: 200, body: '' })],
    ['with something else', () => ({ status: 200, body: '<html>\n' })],
    ['with the line of another witness', (request) => ({ status: 200, body: honestLine(second, request) })],
    ['about another checkpoint', () => ({ status: 200, body: first.cosign('another\n1\nAAAA\n') })],
    [
      'with a changed time',
      (request) => ({ status: 200, body: flip(honestLine(first, request), 'AAA', 'AAB') }),
    ],
    [
      'about a time two days ahead',
      (request) => ({ status: 200, body: honestLine(first, request, fixture.now / 1_000 + 172_800) }),
    ],
    ['with a megabyte', () => ({ status: 200, body: 'x'.repeat(1_000_000) })],
    ['with a size that is none', () => ({ status: 409, body: '0x10\n' })],
    ['with a size without end', () => ({ status: 409, body: '12' })],
    [
      'with the size that it was given',
      (request) => ({ status: 409, body: `${request.slice(4).split('\n')[0]}\n` }),
    ],
  ];
  it.each(lies)('%s is refused, and nothing of it is kept', async (_name, lie) => {
    // on an empty log only the new checkpoint is handed over
    first.lie = (request) => lie(request);
    const { failed } = await sealNext(first);
    expect(failed.map(({ error }) => error.code)).toEqual(['ANCHOR_REFUSED']);
    expect(cosigKeys()).toEqual([]);
  });

  it('with a line of its own beside lines of others is believed for its own', async () => {
    first.lie = (request, honest) => {
      const { status, body = '' } = honest();
      return { status, body: honestLine(second, request) + body };
    };
    expect((await sealNext(first)).failed).toEqual([]);
    const [key = ''] = cosigKeys();
    expect(fixture.store.bodyOf(key).toString()).toMatch(/^— witness\.example\.com\/w1 [^\n]+\n$/);
  });

  it('about sizes without end is given up', async () => {
    let size = 0;
    first.lie = () => ({ status: 409, body: `${size++ % 2}\n` });
    const { failed } = await sealNext(first);
    expect(failed.map(({ error }) => error.code)).toEqual(['ANCHOR_REFUSED']);
    expect(first.requests.length).toBeLessThan(10);
  });

  it('in what is kept is found by the audit, and one that is not known is not judged', async () => {
    await sealNext(first);
    const [key = ''] = cosigKeys();
    const line = fixture.store.bodyOf(key).toString();
    for (const changed of [
      flip(line, '=', ''),
      line + line.slice(0, -1),
      '',
      `${line}\n`,
      line.slice(0, 60),
    ]) {
      fixture.store.plant(key, changed);
      expect((await auditLog(place(), [], unlimited)).findings).toEqual([
        { where: key, problem: expect.stringContaining('witness.example.com/w1') as string },
      ]);
      expect((await auditLog(placeIn(fixture.store), [], unlimited)).findings).toEqual([]);
    }
  });
});

function flip(text: string, from: string, to: string): string {
  return text.includes(from) ? text.replace(from, to) : text.replace(/.(?=\n)/, '');
}

describe('the door of a witness', () => {
  it('does not follow a redirect, which could lead to someone else', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(307, { location: `${first.url}/add-checkpoint` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const door = createWitnessDoor(`http://127.0.0.1:${port}/`, transport);
    const error = await failure(door.addCheckpoint('old 0\n\n', unlimited));
    expect([error.code, error.message]).toEqual(['ANCHOR_UNAVAILABLE', `127.0.0.1:${port} answered 307`]);
    server.closeAllConnections();
    server.close();
  });

  it('takes the key of a witness for no other than a key of its type', () => {
    expect(first.key.type).toBe(COSIGNATURE_TYPE);
    expect(noteKey(first.key.name, first.key.publicKey).vkey).not.toBe(first.key.vkey);
  });
});
