import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  catalogueCost,
  costOfThousand,
  readInputs,
  renewPage,
  s3WritesFor,
  secondsFor,
  signingCost,
} from '../bench/cost.mjs';

const page = readFileSync('docs/cost.md', 'utf8');
const inputs = readInputs(page);

/** When this fails: `node bench/cost.mjs --write`. */
describe('docs/cost.md', () => {
  it('has tables that follow from its prices, measurements and assumptions', () => {
    expect(renewPage(page, undefined)).toBe(page);
  });

  it('grows with the price it is about, and with nothing else', () => {
    const before = costOfThousand(10e6, 512, inputs);
    const after = costOfThousand(10e6, 512, { ...inputs, 's3-put': (inputs['s3-put'] ?? 0) * 2 });
    // 1,000 recordings of two parts: object, receipt, marker; create, two parts and completion for one of them
    expect(s3WritesFor(10e6, inputs)).toBe((inputs['s3-writes'] ?? 0) + 3);
    expect(after.s3 - before.s3).toBeCloseTo(s3WritesFor(10e6, inputs) * (inputs['s3-put'] ?? 0), 9);
    expect({ ...after, s3: 0, total: 0 }).toEqual({ ...before, s3: 0, total: 0 });
  });

  it('pays for waiting as for computing', () => {
    const slow = { ...inputs, 'source-rate': 1 };
    expect(secondsFor(100e6, 1769, slow)).toBeGreaterThan(100);
    expect(secondsFor(100e6, 1769, inputs)).toBeLessThan(secondsFor(100e6, 256, inputs));
  });

  it('counts two signatures for a recording, each for its price and a round trip', () => {
    const { secret, kms } = signingCost(inputs);
    const price = (inputs['kms-sign'] ?? 0) / 10_000;
    const wait =
      (inputs['round-trip'] ?? 0) * ((inputs['memory'] ?? 0) / 1024) * (inputs['lambda-gb-second'] ?? 0);
    expect(inputs['signatures']).toBe(2);
    expect(kms.perMillion).toBeCloseTo(2e6 * (price + wait), 6);
    expect(secret.perMillion).toBe(0);
    expect(kms.monthly).toBe(inputs['kms-key']);
    expect(page).toContain(`| in KMS | 1.00 | ${kms.perMillion.toFixed(2)} |`);
  });

  it('counts listings, receipts, files and time of the catalogue, which is a small share of archiving', () => {
    const before = catalogueCost(inputs);
    expect(before.receipts).toBeCloseTo((inputs['catalogue-recordings'] ?? 0) * 4e-7, 6);
    expect(before.share).toBeGreaterThan(0.005);
    expect(before.share).toBeLessThan(0.03);
    expect(before.total).toBeCloseTo(
      before.receipts + before.listings + before.writes + before.lambda + before.storage,
      9,
    );
    // of an archive that is twice as old, the run on Sundays lists twice as much
    const older = catalogueCost({ ...inputs, 'catalogue-days': 2 * (inputs['catalogue-days'] ?? 0) });
    expect(older.listings).toBeGreaterThan(before.listings * 1.4);
    expect({ ...older, listings: 0, lambda: 0, total: 0, share: 0 }).toEqual({
      ...before,
      listings: 0,
      lambda: 0,
      total: 0,
      share: 0,
    });
    expect(page).toContain(`That is ${(before.share * 100).toFixed(1)} % of what archiving`);
  });

  it('says what is missing instead of computing with nothing', () => {
    expect(() => renewPage(page.replace('| `kms-call` |', '| `kms` |'), undefined)).toThrow('kms-call');
  });

  it('takes measurements over', () => {
    const row = (bytes: number, median: number) => ({
      scheme: 'https',
      bytes,
      concurrency: 1,
      variant: 'ours',
      cpuSecondsPerGb: { median },
      requests: {
        'POST token': 0.01,
        'GET media object': 1,
        'GET media file': 1,
        'PATCH interaction': 1,
        'HEAD recording': 2,
        'HEAD receipt': 1,
        'HEAD link marker': 2,
        'PUT recording': 1,
        'PUT receipt': 1,
        'PUT link marker': 1,
      },
    });
    const machine = { node: 'v24.0.0', processors: 2 };
    const renewed = renewPage(page, { machine, parts: { small: [row(1e6, 10)], throughput: [row(1e8, 4)] } });
    // 0.01 s for 1 MB and 0.4 s for 100 MB: 3.94 s for each GB, and 0.0061 s for each recording
    expect(readInputs(renewed)).toMatchObject({
      'cpu-fixed': 0.0061,
      'cpu-per-gb': 3.94,
      's3-writes': 3,
      's3-reads': 5,
      'genesys-requests': 3,
    });
    expect(() => renewPage(page, { machine, parts: {} })).toThrow('no small and no large recording');
  });
});
