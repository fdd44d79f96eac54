import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, buildGoClient } from './foreign-client.ts';
import { sizes, startArchive } from './our-objects.ts';

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

  it('reads 120 objects of ours', async () => {
    const objects = [
      ...(await archive.writeAll('s3ec-v2', 'kms', sizes(70, true))),
      ...(await archive.writeAll('adopted', 'kms', sizes(50, true))),
    ];
    const jobs = objects.map(({ key, format }) => ({ key, instruction: format === 'adopted' }));
    const program = typeof built === 'string' ? '' : built.program;
    const answers = await ask([program], archive.settings, jobs);
    const wrong = objects.flatMap((object, index) =>
      answers[index]?.sha256 === object.sha256 ? [] : [{ ...object, answer: answers[index] }],
    );
    expect(wrong).toEqual([]);
    expect(objects).toHaveLength(120);
  });
});
