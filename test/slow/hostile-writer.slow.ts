import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { runSchedules } from '../faults/run-schedules.ts';
import type { simulate as Simulate } from '../faults/simulation.ts';

/** Weaknesses of the product, planted into what it does with marks and receipts. */
const planted = { weakness: 'none' };

const MARK_MODULE = '../../src/record/writer-mark.ts';
const RECEIPT_MODULE = '../../src/archive/own-receipt.ts';
const OBJECT_MODULE = '../../src/archive/open-object.ts';
let simulate: typeof Simulate;

/** A simulation of its own, of a product of its own: other files of this process have loaded the one without weaknesses. */
beforeAll(async () => {
  vi.resetModules();
  plant();
  ({ simulate } = await import('../faults/simulation.ts'));
});

afterAll(() => {
  for (const name of [MARK_MODULE, RECEIPT_MODULE, OBJECT_MODULE]) vi.doUnmock(name);
  vi.resetModules();
});

function plant(): void {
  vi.doMock(MARK_MODULE, async (original) => {
    const real = await original<typeof import('../../src/record/writer-mark.ts')>();
    type Marked = Parameters<typeof real.checkMark>[0];
    const blind = (marked: Marked): Marked => {
      const { channel: _channel, ...ids } = marked.ids;
      const { 'x-amz-3': _wrap, 'x-amz-i': _message, iv: _iv, 'gca-idem': _idem, ...rest } = marked.metadata;
      switch (planted.weakness) {
        case 'does not bind key and kind':
          return { ...marked, key: '', kind: 'media' };
        case 'does not bind the key':
          return { ...marked, key: '' };
        case 'binds nothing but the key':
          return { ...marked, ids: { ...ids, recordingId: '', conversationId: '' }, metadata: {} };
        case 'does not bind the metadata':
          return { ...marked, metadata: 'gca-mark' in rest ? { 'gca-mark': rest['gca-mark'] } : {} };
        default:
          return marked;
      }
    };
    const checkMark: typeof real.checkMark = (marked, keys) => {
      const verdict = real.checkMark({ ...blind(marked), metadata: withMark(blind(marked), marked) }, keys);
      if (planted.weakness === 'does not check the mark') return 'valid';
      if (planted.weakness === 'takes any key' && verdict === 'unknown-key') return 'valid';
      if (planted.weakness === 'takes a missing mark' && verdict === 'absent') return 'valid';
      return verdict;
    };
    const withMark = (changed: Marked, { metadata: { 'gca-mark': mark } }: Marked) =>
      mark === undefined ? changed.metadata : { ...changed.metadata, 'gca-mark': mark };
    const markMetadata: typeof real.markMetadata = (signer, marked, budget) =>
      real.markMetadata(signer, blind(marked), budget);
    return { ...real, checkMark, markMetadata };
  });

  vi.doMock(RECEIPT_MODULE, async (original) => {
    const real = await original<typeof import('../../src/archive/own-receipt.ts')>();
    const hasOwnReceipt: typeof real.hasOwnReceipt = async (trust, subject, budget) => {
      const nothingKnown = { store: trust.store, organizationId: trust.organizationId };
      if (planted.weakness === 'believes anything in the place of a receipt') {
        const place = subject.key.replace('archive/', 'receipts/').replace(/\.enc$/, '.json');
        return (await trust.store.head(place, budget)) !== undefined;
      }
      if (planted.weakness === 'does not check signatures') {
        return real.hasOwnReceipt(nothingKnown, subject, budget);
      }
      return real.hasOwnReceipt(trust, subject, budget);
    };
    return { ...real, hasOwnReceipt };
  });

  vi.doMock(OBJECT_MODULE, async (original) => {
    const real = await original<typeof import('../../src/archive/open-object.ts')>();
    const openObject: typeof real.openObject = async (...asked) => {
      const opened = await real.openObject(...asked);
      if (planted.weakness !== 'signs what does not decrypt' || opened?.plaintext !== undefined)
        return opened;
      return opened && { ...opened, plaintext: { bytes: 0, sha256: Buffer.alloc(32) } };
    };
    return { ...real, openObject };
  });
}

afterEach(() => {
  planted.weakness = 'none';
});

/** Seconds on an idle machine; a busy one takes many times as long. */
describe('a hostile writer in the bucket', { timeout: 240_000 }, () => {
  // 5,000 others in `npm run test:slow`
  it('I9: 40 schedules with it, and nothing is signed but what was downloaded', async () => {
    const report = await runSchedules(1, 40, { hostile: true });
    expect(report.violations).toEqual([]);
  });

  it('I9 notices nothing in a product without a weakness', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      expect((await simulate(seed, { hostile: true })).broken).toEqual([]);
    }
  });

  it.each([
    'does not check the mark',
    'takes a missing mark',
    'takes any key',
    'does not bind key and kind',
    'does not bind the key',
    'binds nothing but the key',
    'does not bind the metadata',
    'believes anything in the place of a receipt',
    'does not check signatures',
    'signs what does not decrypt',
  ])('I9 notices a product that %s', async (weakness) => {
    planted.weakness = weakness;
    let noticed: string[] = [];
    for (let seed = 1; seed <= 150 && noticed.length === 0; seed += 1) {
      const { broken } = await simulate(seed, { hostile: true });
      noticed = broken.filter((what) => what.startsWith('I9 '));
    }
    expect(noticed).not.toEqual([]);
  });
});
