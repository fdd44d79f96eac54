import { describe, expect, it } from 'vitest';
import { planIds, type IdsRequest } from '../../../src/backfill/sources/ids.ts';
import { PlanCounts } from '../../../src/backfill/sources/plan-counts.ts';
import { unlimited } from '../../../src/clock.ts';
import { UUID_PATTERN } from '../../../src/recording/id.ts';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

async function plan(lines: readonly string[], more: Partial<IdsRequest> = {}) {
  const counts = new PlanCounts();
  const request: IdsRequest = {
    lines,
    skipInvalid: false,
    idPattern: UUID_PATTERN,
    archived: { which: () => Promise.resolve(new Set()) },
    inventory: {
      async *recordings() {
        await Promise.resolve();
        yield { conversationId: id(50), recordingId: id(60) };
        yield { conversationId: id(51), recordingId: id(61) };
      },
    },
    counts,
    budget: unlimited,
    ...more,
  };
  const items: unknown[] = [];
  for await (const item of planIds(request)) items.push(item);
  return { items, counts };
}

describe('a list of ids', () => {
  it.each([
    ['plain lines', [id(1), '', '# a comment', `${id(2)}/${id(3)}`, `${id(2)},${id(4)}`]],
    [
      'CSV with names of columns',
      ['Conversation Id;recording_id;note', `${id(1)};;x`, `"${id(2)}";"${id(3)}";y`, `${id(2)};${id(4)};z`],
    ],
    [
      'JSON lines',
      [
        JSON.stringify({ conversationId: id(1) }),
        JSON.stringify({ interactionId: id(2), mediaId: id(3) }),
        JSON.stringify({ conversationId: id(2), recordingId: id(4) }),
      ],
    ],
  ])('may be %s', async (_form, lines) => {
    const { items } = await plan(lines);
    expect(items).toEqual([
      { conversationId: id(1) },
      { conversationId: id(2), recordingIds: [id(3), id(4)] },
    ]);
  });

  it('with three malformed lines of 10,000 names them, and is planned without them only when that is asked for', async () => {
    const lines = Array.from({ length: 10_000 }, (_, at) => id(at));
    lines[4] = 'not an id';
    lines[77] = `${id(1)}/../etc`;
    lines[9_998] = 'x'.repeat(5_000);
    const failure = await plan(lines).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'USAGE' });
    const { message } = failure as Error;
    for (const line of [5, 78, 9_999]) expect(message).toContain(`line ${line} `);
    expect(message).toContain('3 lines');
    const { items, counts } = await plan(lines, { skipInvalid: true });
    expect([items.length, counts.invalidLines]).toEqual([9_997, 3]);
    expect(counts.invalid.map(({ line }) => line)).toEqual([5, 78, 9_999]);
  });

  it('finds the conversations of recordings that are named alone, and names those that no list has', async () => {
    const lines = ['recordingId', id(60), id(61), id(62)];
    await expect(plan(lines)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(id(62)) as string,
    });
    const { items, counts } = await plan(lines, { skipInvalid: true });
    expect(items).toEqual([
      { conversationId: id(50), recordingIds: [id(60)] },
      { conversationId: id(51), recordingIds: [id(61)] },
    ]);
    expect(counts.unresolved).toEqual([id(62)]);
  });

  it('leaves out recordings that the archive has, and what is named twice', async () => {
    const archived = {
      which: (ids: readonly string[]) => Promise.resolve(new Set(ids.filter((one) => one === id(3)))),
    };
    const lines = [`${id(2)}/${id(3)}`, `${id(2)}/${id(4)}`, `${id(2).toUpperCase()}/${id(4)}`, id(9), id(9)];
    const { items, counts } = await plan(lines, { archived });
    expect(items).toEqual([{ conversationId: id(2), recordingIds: [id(4)] }, { conversationId: id(9) }]);
    expect([counts.archived, counts.repeated]).toEqual([1, 2]);
  });

  it('refuses ids that no id of this organization can be', async () => {
    await expect(plan(['call-7'])).rejects.toMatchObject({ code: 'USAGE' });
    const { items } = await plan(['call-7'], { idPattern: /^call-\d+$/ });
    expect(items).toEqual([{ conversationId: 'call-7' }]);
  });
});
