import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { giveBack } from '../../src/archive/give-back.ts';

/** Not before Node 22. */
const canTransfer = 'transfer' in ArrayBuffer.prototype;

/** A chunk on memory that tells whether it was freed, on every version of Node. */
function watched<T extends Uint8Array>(chunk: T): { chunk: T; freed: number[] } {
  const freed: number[] = [];
  Object.defineProperty(chunk.buffer, 'transfer', { value: (length: number) => void freed.push(length) });
  return { chunk, freed };
}

describe('giveBack', () => {
  it('frees memory that a chunk has to itself', () => {
    for (const { chunk, freed } of [
      watched(new Uint8Array(1000)),
      watched(Buffer.from(new ArrayBuffer(1000))),
      watched(Buffer.allocUnsafeSlow(1000)),
      watched(
        createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12), { authTagLength: 16 }).update(
          Buffer.alloc(1000),
        ),
      ),
    ]) {
      giveBack(chunk);
      expect(freed).toEqual([0]);
    }
  });

  it('leaves alone what shares its memory', () => {
    const own = new ArrayBuffer(1000);
    for (const { chunk, freed } of [
      watched(new Uint8Array(own, 0, 999)),
      watched(new Uint8Array(new ArrayBuffer(1000), 1)),
      watched(Buffer.alloc(1000).subarray(1, 999)),
    ]) {
      giveBack(chunk);
      expect(freed).toEqual([]);
    }
    const neighbour = Buffer.from('a neighbour in the pool of Node');
    const pooled = Buffer.from('pooled');
    expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.byteLength);
    giveBack(pooled);
    expect(pooled.toString()).toBe('pooled');
    expect(neighbour.toString()).toBe('a neighbour in the pool of Node');
  });

  it.runIf(canTransfer)('leaves nothing of a chunk it has freed [needs: Node 22]', () => {
    const chunk = Buffer.allocUnsafeSlow(1000);
    const { buffer } = chunk;
    giveBack(chunk);
    expect(buffer.byteLength).toBe(0);
    expect(chunk.byteLength).toBe(0);
    // once more, as for an empty chunk, is no error
    giveBack(chunk);
  });

  it.skipIf(canTransfer)('does nothing where memory cannot be freed [needs: Node 20]', () => {
    const chunk = Buffer.from(new ArrayBuffer(4)).fill(7);
    giveBack(chunk);
    expect([...chunk]).toEqual([7, 7, 7, 7]);
  });
});
