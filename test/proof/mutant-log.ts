import { unlimited } from '../../src/clock.ts';
import type { Anchor } from '../../src/ports.ts';
import type { LogPlace } from '../../src/proof/log/place.ts';
import { createLogSigner } from '../../src/proof/log/signer.ts';
import { sealDays } from '../../src/proof/seal-days.ts';
import { accessEntries } from './access-fixture.ts';
import { ArchiveFixture, DAY } from './archive-fixture.ts';
import { LOG_SIGNER, ORIGIN, placeIn, signerFrom } from './log-fixture.ts';
import type { PlainStore } from './plain-store.ts';

/** A small log with one of each: days, lists, access entries, time stamps, a change of keys. */
export async function makeMutantLog(
  anchors: (store: PlainStore) => Anchor[],
): Promise<{ readonly store: PlainStore; readonly place: LogPlace }> {
  const fixture = new ArchiveFixture();
  const next = createLogSigner(ORIGIN, signerFrom('the next key'));
  fixture.anchors = anchors(fixture.store);
  await fixture.init();
  for (let night = 0; night < 2; night += 1) {
    const day = new Date(fixture.now - DAY).toISOString().slice(0, 10);
    for (let at = 0; at < 2; at += 1) await fixture.archive(`call ${night} ${at}`, day);
    fixture.record(`missing ${night}`, day);
    for (const { key, bytes } of accessEntries(day, [2, 1])) fixture.store.plant(key, bytes);
    await sealDays(fixture.ports(night === 1 ? [next, LOG_SIGNER] : [LOG_SIGNER]), {}, unlimited);
    fixture.now += DAY;
  }
  const place = placeIn(fixture.store, [next, LOG_SIGNER]);
  return { store: fixture.store, place };
}
