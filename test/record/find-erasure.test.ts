import { expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { findErasure } from '../../src/record/find-erasure.ts';

it('a role that may not look for tombstones is told what it lacks, and goes no further', async () => {
  const refusing = {
    head: () => Promise.reject(new ArchiveError('STORE_DENIED', 'S3 refused to look at it')),
  } as unknown as ObjectStore;
  await expect(findErasure({ store: refusing }, 'a-recording', unlimited)).rejects.toMatchObject({
    code: 'STORE_DENIED',
    message: 'whether the recording was erased cannot be told: S3 refused to look at it',
    hint: expect.stringContaining('erasures/*') as unknown,
  });
});
