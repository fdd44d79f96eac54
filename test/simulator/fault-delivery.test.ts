import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../packages/simulator/src/faults.ts';
import {
  startSimulator,
  type SimulatedRecording,
  type Simulator,
} from '../../packages/simulator/src/simulator.ts';
import { askEverywhere, observe, openRequest, type Observation } from './observe.ts';

const now = Date.UTC(2026, 10, 23, 13);
const id = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const interactionId = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';

let simulator: Simulator;
let recording: SimulatedRecording;
let whole: Buffer;

beforeEach(async () => {
  simulator = await startSimulator({
    recordings: [{ id, interactionId, encoding: 'mulaw', channels: 1, seconds: 40 }],
    now: () => now,
  });
  const [first] = simulator.recordings;
  if (first === undefined) throw new Error('there is one');
  recording = first;
  whole = Buffer.concat([...(first.read(0, first.bytes - 1) as Iterable<Uint8Array>)]);
});
afterEach(async () => simulator.close());

async function download(fault: Fault, headers: Record<string, string> = {}): Promise<Observation> {
  simulator.faults.add({ on: 'download', fault });
  return observe(simulator.link(id), { headers });
}

/** How the connection of a download ends, below HTTP: by FIN (`end`) or RST (`ECONNRESET`). */
async function connectionEnd(fault: Fault): Promise<string> {
  simulator.faults.add({ on: 'download', fault });
  const { hostname, port, pathname, search } = new URL(simulator.link(id));
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname);
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.name));
    socket.on('end', () => resolve('end'));
    socket.resume();
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  });
}

describe('faults that break the connection', () => {
  it.each<[Fault, string]>([
    [{ kind: 'reset' }, 'ECONNRESET'],
    [{ kind: 'reset', afterBytes: 1000 }, 'ECONNRESET'],
    [{ kind: 'cut', atByte: 1000, keepLength: true }, 'end'],
    [{ kind: 'cut', atByte: 1000, keepLength: false }, 'end'],
  ])('%o ends the connection with %s', async (fault, expected) => {
    expect(await connectionEnd(fault)).toBe(expected);
  });

  it('reset at once: no answer, and no effect', async () => {
    const answers = await askEverywhere(simulator, { kind: 'reset' });
    for (const answer of answers.values())
      expect(answer).toMatchObject({ status: undefined, ending: 'ECONNRESET' });
    expect(simulator.interaction(interactionId)).toEqual({});
    expect(simulator.requests.at(-1)).toMatchObject({ faults: ['reset'], status: undefined });
  });

  it('reset within the body: the request has had its effect', async () => {
    const answers = await askEverywhere(simulator, { kind: 'reset', afterBytes: 10 });
    for (const answer of answers.values()) {
      expect(answer.ending).toBe('ECONNRESET');
      expect(answer.body.length).toBeLessThanOrEqual(10);
    }
    expect(simulator.interaction(interactionId)).toEqual({ a: 1 });
  });

  it('reset after many bytes: those before it arrive', async () => {
    const answer = await download({ kind: 'reset', afterBytes: 200_000 });
    expect(answer).toMatchObject({ status: 200, ending: 'ECONNRESET' });
    expect(answer.headers['content-length']).toBe(String(whole.length));
    expect(answer.body.length).toBeGreaterThan(0);
    expect(answer.body.equals(whole.subarray(0, Math.min(200_000, answer.body.length)))).toBe(true);
  });

  it.each<[Extract<Fault, { kind: 'cut' }>['atByte'], number]>([
    [0, 0],
    [44, 44],
    ['50%', 160_029],
    [200_000, 200_000],
  ])('cut at %s with Content-Length: short of it', async (atByte, expected) => {
    const answer = await download({ kind: 'cut', atByte, keepLength: true });
    expect(answer.headers['content-length']).toBe('320058');
    expect(answer.ending).toBe('ECONNRESET'); // Node's name for a FIN in the middle of a message
    expect(answer.body.equals(whole.subarray(0, expected))).toBe(true);
  });

  it.each<[Extract<Fault, { kind: 'cut' }>['atByte'], number]>([
    [0, 0],
    ['50%', 160_029],
    [200_000, 200_000],
  ])('cut at %s without Content-Length: looks complete', async (atByte, expected) => {
    const answer = await download({ kind: 'cut', atByte, keepLength: false });
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(answer.headers).not.toHaveProperty('transfer-encoding');
    expect(answer.ending).toBe('complete');
    expect(answer.body.equals(whole.subarray(0, expected))).toBe(true);
  });

  it('cut of a chunked body: the last chunk is missing', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'chunked' } });
    const answer = await download({ kind: 'cut', atByte: '50%', keepLength: true });
    expect(answer.headers['transfer-encoding']).toBe('chunked');
    expect(answer.ending).toBe('ECONNRESET');
    expect(answer.body.equals(whole.subarray(0, 160_029))).toBe(true);
  });

  it('counts from the start of the response, also of a range', async () => {
    const answer = await download(
      { kind: 'cut', atByte: '50%', keepLength: true },
      { range: 'bytes=100-299' },
    );
    expect(answer.headers['content-range']).toBe(`bytes 100-299/${whole.length}`);
    expect(answer.body.equals(whole.subarray(100, 200))).toBe(true);
  });

  it('stall at once: the request arrives, and nothing comes back', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'stall' } });
    const request = await openRequest(simulator.link(id));
    let answered = false;
    request.on('response', () => {
      answered = true;
    });
    await expect.poll(() => simulator.requests.length).toBe(1);
    // other requests are answered meanwhile
    expect((await observe(simulator.link(id))).status).toBe(200);
    expect(answered).toBe(false);
    expect(simulator.requests[0]).toMatchObject({ faults: ['stall'], status: undefined });
    request.destroy();
  });

  it('stall within the body: all before it arrives, no end does', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'stall', afterBytes: 200_000 } });
    const answer = await observe(simulator.link(id), { hangUpAfter: 200_000 });
    expect(answer).toMatchObject({ status: 200, ending: 'hung up' });
    expect(answer.body.equals(whole.subarray(0, 200_000))).toBe(true);
  });

  it('stall within the body: the connection stays open while others come and go', async () => {
    const short = simulator.add({ encoding: 'mulaw', channels: 1, bytes: 500 });
    simulator.faults.add({ on: 'download', id, fault: { kind: 'stall', afterBytes: 1000 } });
    const request = await openRequest(simulator.link(id));
    const seen: string[] = [];
    request.on('response', (response) => {
      response.on('data', () => seen.push('data')).on('error', () => seen.push('error'));
    });
    request.on('error', () => seen.push('error'));
    await expect.poll(() => seen).toContain('data');
    for (let other = 0; other < 60; other += 1) await observe(simulator.link(short.id));
    expect(new Set(seen)).toEqual(new Set(['data']));
    expect(request.destroyed).toBe(false);
    request.destroy();
  });

  it('stall after the headers', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'stall', afterBytes: 0 } });
    const answer = await observe(simulator.link(id), { hangUpAfter: 0 });
    expect(answer.headers['content-length']).toBe(String(whole.length));
  });

  it('close() ends a stalled request and a slow one', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'stall' } });
    simulator.faults.add({ on: 'download', fault: { kind: 'trickle', bytesPerSecond: 1 } });
    const requests = [await openRequest(simulator.link(id)), await openRequest(simulator.link(id))];
    const closed = Promise.all(
      requests.map(async (request) => new Promise<void>((resolve) => void request.once('close', resolve))),
    );
    await expect.poll(() => simulator.requests.length).toBe(2);
    await simulator.close();
    await closed;
    expect(requests.every((request) => request.destroyed)).toBe(true);
    simulator = await startSimulator();
  });
});

describe('faults that change how the file is sent', () => {
  it('trickle: slowly, but all of it', async () => {
    const short = simulator.add({ encoding: 'mulaw', channels: 1, bytes: 500 });
    simulator.faults.add({ on: 'download', fault: { kind: 'trickle', bytesPerSecond: 4000 } });
    const arrivals: number[] = [];
    const response = await fetch(simulator.link(short.id));
    for await (const chunk of response.body ?? []) arrivals.push((chunk as Uint8Array).length);
    expect(arrivals.reduce((sum, length) => sum + length, 0)).toBe(short.bytes);
    expect(arrivals.length).toBeGreaterThan(1);
  });

  it('chunked: complete, without Content-Length', async () => {
    const answer = await download({ kind: 'chunked' });
    expect(answer.headers['transfer-encoding']).toBe('chunked');
    expect(answer.headers).not.toHaveProperty('content-length');
    expect(answer.ending).toBe('complete');
    expect(answer.body.equals(whole)).toBe(true);
  });

  it('no-range: the whole file for a range', async () => {
    const answer = await download({ kind: 'no-range' }, { range: 'bytes=100-' });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(whole)).toBe(true);
  });

  it('change-etag none: no entity tag, and no condition is checked', async () => {
    const answer = await download(
      { kind: 'change-etag', etag: 'none' },
      { 'if-match': '"something"', range: 'bytes=5-' },
    );
    expect(answer.status).toBe(206);
    expect(answer.headers).not.toHaveProperty('etag');
    expect((await observe(simulator.link(id))).headers.etag).toBe(recording.etag);
  });

  it('change-etag changed: another file from then on, and 412 for who still wants the old one', async () => {
    const { etag } = recording;
    const digest = await recording.sha256();
    const refused = await download(
      { kind: 'change-etag', etag: 'changed' },
      { 'if-match': etag, range: 'bytes=100000-' },
    );
    expect(refused.status).toBe(412);
    const answer = await observe(simulator.link(id));
    expect(answer.headers.etag).toBe(recording.etag);
    expect(recording.etag).not.toBe(etag);
    expect(answer.body).toHaveLength(whole.length);
    // a splice of both versions is neither of them
    expect(answer.body.subarray(0, 100_000).equals(whole.subarray(0, 100_000))).toBe(false);
    expect(answer.body.subarray(100_000).equals(whole.subarray(100_000))).toBe(false);
    expect(await recording.sha256()).not.toBe(digest);
  });
});

describe('the plan and the requests', () => {
  it('strikes as often as told and leaves the rest alone', async () => {
    simulator.faults.add({ on: 'download', times: 2, skip: 1, fault: { kind: 'status', status: 503 } });
    const statuses: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1)
      statuses.push((await observe(simulator.link(id))).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect(simulator.requests.map(({ status, faults }) => [status, faults])).toEqual([
      [200, []],
      [503, ['status']],
      [503, ['status']],
      [200, []],
    ]);
    expect(simulator.faults.counts()).toEqual({ 'download:status': 2 });
  });
});
