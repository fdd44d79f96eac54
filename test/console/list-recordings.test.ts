import { describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { listRecordings } from '../../src/console/list-recordings.ts';
import { catalogued, inventArchive, record } from './invented-console.ts';

const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03', '2026-03-04'];
const plaintext = Buffer.from('OggS and no more');

async function fourDays() {
  const invented = inventArchive();
  for (const day of DAYS)
    await record(invented.store, { plaintext, at: Date.parse(`${day}T09:00:00Z`), contentType: 'audio/ogg' });
  await catalogued(invented, []);
  return invented.archive;
}

describe('the first page of a table', () => {
  it('says exactly how many recordings there are where that is soon known', async () => {
    const page = await listRecordings(await fourDays(), {}, { limit: 2 }, unlimited);
    expect(page.total).toEqual({ count: 4, exact: true });
  });

  it('does not wait for the count of many days, and says then that there are more than it shows', async () => {
    const archive = await fourDays();
    let now = systemClock.now();
    const slow = { ...systemClock, now: () => (now += 1_000) };
    const page = await listRecordings(
      { ...archive, catalogue: { ...archive.catalogue, clock: slow } },
      {},
      { limit: 2 },
      unlimited,
    );
    expect(page.items).toHaveLength(2);
    expect(page.total).toEqual({ count: 2, exact: false });
    expect(page.next).not.toBeNull();
  });
});
