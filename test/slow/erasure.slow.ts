import { describe, expect, it } from 'vitest';
import { eraseInLargeArchive, type LargeErasure } from './large-erasure.ts';

/** `ERASURE_FULL=1` is the size that the figure is stated for; it takes minutes. */
const SIZE: LargeErasure =
  process.env['ERASURE_FULL'] === '1'
    ? { days: 100, callsADay: 1_000, subjects: 1_000 }
    : { days: 6, callsADay: 300, subjects: 60, batch: 20 };

describe('erasing many subjects of a large archive', () => {
  it('leaves no number, name or id of theirs in any version of any object, but ids in receipts and rows; no reader opens them; roots of lists stand', async () => {
    const { leaks, readable, ...figure } = await eraseInLargeArchive(SIZE);
    process.stdout.write(
      `${JSON.stringify({ ...figure, leaks: leaks.length, readable: readable.length })}\n`,
    );
    expect(leaks).toEqual([]);
    expect(readable).toEqual([]);
    expect(figure).toMatchObject({ erased: SIZE.subjects, brokenRoots: 0 });
    // what is looked for would have been seen: the numbers of the others are there
    expect(figure.seen).toBeGreaterThanOrEqual(figure.calls - SIZE.subjects);
  });
});
