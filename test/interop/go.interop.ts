import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, buildGoClient } from './foreign-client.ts';
import { type OurObject, sizes, startArchive } from './our-objects.ts';
import { damageEach, unread } from './reading.ts';
import { SUCCESSOR_SIZES, writeSuccessors } from './successors.ts';

const built = buildGoClient();
const missing = typeof built === 'string' ? ` [needs: ${built}]` : '';

describe.skipIf(missing !== '')(`AWS's encryption client for Go${missing}`, () => {
  let archive: Awaited<ReturnType<typeof startArchive>>;
  beforeAll(async () => {
    archive = await startArchive();
  });
  afterAll(async () => {
    await archive.close();
    if (typeof built !== 'string') built.remove();
  });

  const read = (objects: readonly OurObject[]) => {
    const jobs = objects.map(({ key, format }) => ({ key, instruction: format === 'adopted' }));
    return ask([typeof built === 'string' ? '' : built.program], archive.settings, jobs);
  };

  it('reads 120 objects of ours', async () => {
    const objects = [
      ...(await archive.writeAll('s3ec-v2', 'kms', sizes(70, true))),
      ...(await archive.writeAll('adopted', 'kms', sizes(50, true))),
    ];
    expect(unread(objects, await read(objects))).toEqual([]);
    expect(objects).toHaveLength(120);
  });

  it('reads the successors of recordings that were archived again', async () => {
    const objects = await writeSuccessors(archive, 's3ec-v2', 'kms', SUCCESSOR_SIZES);
    expect(unread(objects, await read(objects))).toEqual([]);
    expect(objects.map(({ key }) => key.endsWith('.v2.enc'))).toEqual(SUCCESSOR_SIZES.map(() => true));
  });

  it('would notice an object of ours that is damaged, under another key or cut', async () => {
    const damaged = await damageEach(archive, 's3ec-v2', 'kms');
    expect(unread(damaged, await read(damaged))).toHaveLength(damaged.length);
  });
});
