import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readInstruction } from '../../src/record/instruction-file.ts';
import { restoreRecording, type RestoreTarget } from '../../src/audit/read-recording.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import type { UnsealRequest } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { rejectionOf } from '../envelope/bytes.ts';

const KEY = 'archive/2026/11/23/a=2Eb.left.enc';
const MAX_INSTRUCTION_BYTES = 65_536;

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function setUp() {
  const dir = await mkdtemp(join(tmpdir(), 'instruction-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const store = createDirectoryStore(dir, systemClock);
  const put = (key: string, text: string) =>
    store.put(key, once(text), { metadata: {}, contentType: 'application/json' }, unlimited);
  return { store, put };
}

describe('the instruction file of an object', () => {
  it('is the object of its name, or absent', async () => {
    const { store, put } = await setUp();
    expect(await readInstruction(store, KEY, unlimited)).toBeUndefined();
    await put(`${KEY}.instruction`, '{"é":"1"}');
    expect(await readInstruction(store, KEY, unlimited)).toBe('{"é":"1"}');
  });

  it('is not read when it is far too long to be one', async () => {
    const { store, put } = await setUp();
    await put(`${KEY}.instruction`, 'x'.repeat(MAX_INSTRUCTION_BYTES));
    expect(await readInstruction(store, KEY, unlimited)).toHaveLength(MAX_INSTRUCTION_BYTES);
    const other = KEY.replace('left', 'right');
    await put(`${other}.instruction`, 'x'.repeat(MAX_INSTRUCTION_BYTES + 1));
    const failure = await rejectionOf(readInstruction(store, other, unlimited));
    expect([failure.code, failure.message]).toEqual(['OBJECT_MALFORMED', expect.stringContaining(other)]);
  });
});

describe('what a reader is told of an object', () => {
  it.each([
    [KEY, { recordingId: 'a.b' }],
    ['elsewhere/a.enc', undefined],
  ])('%s', async (key, expected) => {
    const { store, put } = await setUp();
    await put(key, 'body');
    await put(`${key}.instruction`, 'wrapped');
    const told: (UnsealRequest | undefined)[] = [];
    const plaintext: Uint8Array[] = [];
    const reader = {
      unseal: (_stat: unknown, request?: UnsealRequest) => {
        told.push(request);
        return Promise.resolve({ update: (chunk: Uint8Array) => chunk, final: () => Buffer.from('!') });
      },
    };
    const target: RestoreTarget = {
      write: (chunk) => {
        plaintext.push(chunk);
        return Promise.resolve();
      },
      commit: () => Promise.resolve(),
      abandon: () => Promise.resolve(),
    };
    await restoreRecording({ store, reader }, key, target, unlimited);
    expect(Buffer.concat(plaintext).toString()).toBe('body!');
    expect(told).toHaveLength(1);
    expect(told[0]?.expected).toEqual(expected);
    expect(told[0]?.budget).toBe(unlimited);
    expect(await told[0]?.readInstruction?.()).toBe('wrapped');
  });
});
