import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createSecondStore } from '../../src/proof/anchors/second-store.ts';
import { sealDays } from '../../src/proof/seal-days.ts';
import { failure } from '../failure.ts';
import { ArchiveFixture, DAY } from './archive-fixture.ts';
import { placeIn } from './log-fixture.ts';
import { contentsOf, plainStore } from './plain-store.ts';

describe('a second store', () => {
  it('remembers every checkpoint, and keeps a store that was set back from being sealed', async () => {
    const fixture = new ArchiveFixture();
    const second = plainStore();
    fixture.anchors = [createSecondStore(placeIn(fixture.store), second)];
    await fixture.init();
    const seal = () => sealDays(fixture.ports(), {}, unlimited);
    await seal();
    const earlier = new Map(fixture.store.objects);
    fixture.now += DAY;
    const { anchored } = await seal();
    expect(anchored).toEqual([{ kind: 'second-store', name: 'plain:' }]);
    expect(Object.keys(contentsOf(second))).toHaveLength(2);
    for (const key of fixture.store.objects.keys()) if (!earlier.has(key)) fixture.store.objects.delete(key);
    for (const [key, object] of earlier) fixture.store.objects.set(key, object);
    const before = contentsOf(fixture.store);
    const error = await failure(seal());
    expect(error.code).toBe('LOG_ROLLED_BACK');
    expect(error.message).toContain('second-store plain:');
    expect(contentsOf(fixture.store)).toEqual(before);
  });

  it('that cannot be reached is a warning, and is made up by the next seal', async () => {
    const fixture = new ArchiveFixture();
    const second = plainStore();
    const working = createSecondStore(placeIn(fixture.store), second);
    const broken = { ...working, keep: () => Promise.reject(new Error('down')) };
    await fixture.init();
    fixture.anchors = [broken];
    const { failed, head } = await sealDays(fixture.ports(), {}, unlimited);
    expect(failed.map(({ kind }) => kind)).toEqual(['second-store']);
    fixture.anchors = [working];
    await sealDays(fixture.ports(), {}, unlimited);
    const key = placeIn(second).keys.note(head.size);
    expect(second.bodyOf(key).toString()).toBe(head.note);
    second.plant(key, 'something else');
    const again = await sealDays(fixture.ports(), {}, unlimited);
    expect(again.failed.map(({ error }) => error.code)).toEqual(['ANCHOR_REFUSED']);
  });
});

describe('a statement that no reader would take', () => {
  it('is not staged: what is staged stays for ever', async () => {
    const fixture = new ArchiveFixture();
    await fixture.init();
    const ports = { ...fixture.ports(), rules: { 'Not a name': true } };
    const before = contentsOf(fixture.store, 'proof/');
    const error = await failure(sealDays(ports, {}, unlimited));
    expect(error.message).toContain('is not fit for the log');
    expect(
      Object.keys(contentsOf(fixture.store, 'proof/')).filter((key) => !key.includes('/lists/')),
    ).toEqual(Object.keys(before));
  });
});
