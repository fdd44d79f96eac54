import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../src/serve/due-queue.ts';

describe('the queue by time', () => {
  it('gives out what is due, the earliest first and equal times in the order they came', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: fc.integer({ min: 0, max: 20 }) }),
        fc.record({ takeAt: fc.integer({ min: 0, max: 20 }) }),
      ),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new DueQueue<number>();
        const model: { at: number; item: number }[] = [];
        for (const [item, step] of list.entries()) {
          if ('add' in step) {
            queue.add(step.add, item);
            model.push({ at: step.add, item });
            model.sort((one, other) => one.at - other.at || one.item - other.item);
          } else {
            const due = model[0] !== undefined && model[0].at <= step.takeAt ? model.shift() : undefined;
            expect(queue.takeDue(step.takeAt)).toBe(due?.item);
          }
          expect([queue.size, queue.earliest]).toEqual([model.length, model[0]?.at]);
        }
      }),
    );
  });
});
