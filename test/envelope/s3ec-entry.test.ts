import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as s3ec from '../../src/s3ec.ts';
import { run } from './bytes.ts';

/** Everything `file` imports, directly or through others: repository paths, and package or built-in names. */
function importsOf(file: URL, seen = new Map<string, URL | undefined>()): Map<string, URL | undefined> {
  const text = readFileSync(file, 'utf8');
  // types vanish when the code is built, so what only they reach is no dependency
  const values = text.replaceAll(/^(?:import|export) type [^;]*;$/gm, '');
  for (const [, specifier = ''] of values.matchAll(/(?:from|import)\s*\(?'([^']+)'/g)) {
    const target = specifier.startsWith('.') ? new URL(specifier, file) : undefined;
    const name = target?.pathname ?? specifier;
    if (seen.has(name)) continue;
    seen.set(name, target);
    if (target !== undefined) importsOf(target, seen);
  }
  return seen;
}

describe('the S3 Encryption Client entry', () => {
  it('depends on nothing but node:crypto, and stays inside the envelope', () => {
    const source = new URL('../../src/s3ec.ts', import.meta.url);
    const imports = [...importsOf(source)];
    const packages = imports.filter(([, target]) => target === undefined).map(([name]) => name);
    expect(packages).toEqual(['node:crypto']);
    const root = new URL('../../src/', import.meta.url).pathname;
    const files = imports.flatMap(([name, target]) =>
      target === undefined ? [] : [name.slice(root.length)],
    );
    expect(files.length).toBeGreaterThan(8);
    const outside = files.filter(
      (name) =>
        !/^(?:envelope\/.+|errors|error-codes|error-codes\/.+|memory|metadata-names|present)\.ts$/.test(name),
    );
    expect(outside).toEqual([]);
  });

  it('is enough to write and read an object', async () => {
    const key = randomBytes(32);
    const sealer = await s3ec.sealS3ecV3(s3ec.createAesWrapper({ kid: 'k1', key }), {});
    const body = run(sealer, [Buffer.from('anything')]);
    expect(body.length).toBe(s3ec.ciphertextSize(8));
    expect(s3ec.detectFormat(sealer.metadata).format).toBe('s3ec-v3');
    const reader = s3ec.createEnvelopeReader({ unwrappers: [s3ec.createAesUnwrapper([{ key }])] });
    const unsealer = await reader.unseal({ key: 'a.bin', metadata: sealer.metadata, size: body.length });
    expect(run(unsealer, [body]).toString()).toBe('anything');
  });
});
