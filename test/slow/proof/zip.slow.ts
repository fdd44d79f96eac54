import { describe, expect, it } from 'vitest';
import { createZipWriter } from '../../../src/proof/evidence/zip.ts';
import { failure } from '../../failure.ts';

describe('a package as one ZIP file', () => {
  it('holds at most 65,535 files', async () => {
    const zip = createZipWriter(() => Promise.resolve(), 'case.zip');
    for (let at = 0; at < 65_535; at += 1) await zip.write({ name: String(at), body: Buffer.of() });
    const error = await failure(zip.write({ name: 'one more', body: Buffer.of() }));
    expect(error.message).toBe('case.zip cannot be written: it would hold too many files');
  });
});
