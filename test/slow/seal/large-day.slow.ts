import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { readStatementAt } from '../../../src/proof/log/head.ts';
import { openProver } from '../../../src/proof/prove/prove-entry.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { dayAt, placeIn, sealingDays } from '../../proof/log-fixture.ts';
import { plainStore } from '../../proof/plain-store.ts';

const RECORDINGS = 100_000;

describe('a day of 100,000 recordings', () => {
  it('is sealed within 15 s of work, 200 bytes and 0.02 writes a recording, and recomputed', async () => {
    const store = plainStore();
    const place = placeIn(store);
    const before = process.cpuUsage();
    await sealLog(place, sealingDays([RECORDINGS]), unlimited);
    const { user, system } = process.cpuUsage(before);
    const bytes = [...store.objects.values()].reduce((sum, { body }) => sum + body.length, 0);
    const seconds = (user + system) / 1e6;
    const figures = { seconds, bytes: bytes / RECORDINGS, writes: store.writes.count / RECORDINGS };
    expect(figures.seconds).toBeLessThan(15);
    expect(figures.bytes).toBeLessThan(200);
    expect(figures.writes).toBeLessThan(0.02);
    const audited = await auditLog(place, [], unlimited);
    expect(audited.size).toBe(RECORDINGS + 1);
    const prover = await openProver(place, DATE_LAYOUT, unlimited);
    const [day] = await prover.day(dayAt(0), unlimited);
    expect(day?.index).toBe(RECORDINGS);
    const { sha256 } = await readStatementAt(place, RECORDINGS, RECORDINGS + 1, unlimited);
    expect(
      createHash('sha256')
        .update(day?.file ?? '')
        .digest('hex'),
    ).toBe(sha256);
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  });
});
