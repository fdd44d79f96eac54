import { execFileSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NODE_OPTIONS } from '../infra/archiving/sizing.ts';
import { giveBack } from '../src/memory.ts';

describe('giveBack', () => {
  it('frees memory that a chunk has to itself, and leaves nothing of it', () => {
    for (const chunk of [
      new Uint8Array(1000),
      Buffer.from(new ArrayBuffer(1000)),
      Buffer.allocUnsafeSlow(1000),
      createCipheriv('aes-256-gcm', randomBytes(32), randomBytes(12), { authTagLength: 16 }).update(
        Buffer.alloc(1000),
      ),
    ]) {
      const { buffer } = chunk;
      giveBack(chunk);
      expect(chunk.byteLength).toBe(0);
      expect(buffer.byteLength).toBe(0);
      // once more, as for an empty chunk, is no error
      giveBack(chunk);
    }
  });

  it('gives the memory back at once, not when the garbage collector comes by', () => {
    const bytes = 8 * 1024 * 1024;
    const before = process.memoryUsage.rss();
    for (let count = 0; count < 100; count += 1) giveBack(Buffer.allocUnsafeSlow(bytes).fill(1));
    // a hundred of them together would be 800 MB
    expect(process.memoryUsage.rss() - before).toBeLessThan(10 * bytes);
  });

  it('leaves alone what shares its memory', () => {
    const own = new ArrayBuffer(1000);
    for (const chunk of [
      new Uint8Array(own, 0, 999),
      new Uint8Array(new ArrayBuffer(1000), 1),
      Buffer.alloc(1000).subarray(1, 999),
      new Uint8Array(new SharedArrayBuffer(1000)),
    ]) {
      const { byteLength } = chunk;
      giveBack(chunk);
      expect(chunk.byteLength).toBe(byteLength);
    }
    const neighbour = Buffer.from('a neighbour in the pool of Node');
    const pooled = Buffer.from('pooled');
    expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.byteLength);
    giveBack(pooled);
    expect(pooled.toString()).toBe('pooled');
    expect(neighbour.toString()).toBe('a neighbour in the pool of Node');
  });
});

/** Makes garbage, some of which survives for a while, and prints how many bytes V8's young generation has then. */
const CHURN = `
  const { getHeapSpaceStatistics } = require('node:v8');
  let kept = [];
  for (let count = 0; count < 3e6; count += 1) {
    kept.push({ count });
    if (kept.length > 100_000) kept = [];
  }
  console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
`;

function sizeAfter(options: string): number {
  const env = { ...process.env, NODE_OPTIONS: options };
  return Number(execFileSync(process.execPath, ['-e', CHURN], { encoding: 'utf8', env }));
}

describe('NODE_OPTIONS of the function', () => {
  it('keeps the young generation small, and is understood by this version of Node', () => {
    const MIB = 1024 * 1024;
    expect(sizeAfter('')).toBeGreaterThan(16 * MIB);
    expect(sizeAfter(NODE_OPTIONS)).toBeLessThanOrEqual(12 * MIB);
  });

  it('is what the documentation says, for the unit of systemd and for containers', () => {
    const serve = readFileSync('docs/serve.md', 'utf8');
    expect(serve).toContain(`\nEnvironment=NODE_OPTIONS=${NODE_OPTIONS}\n`);
    expect(serve).toContain(`docker run -e NODE_OPTIONS=${NODE_OPTIONS} `);
    expect(readFileSync('docs/deployment.md', 'utf8')).toContain(`\`NODE_OPTIONS=${NODE_OPTIONS}\``);
  });
});
