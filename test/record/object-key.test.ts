import { isMainThread } from 'node:worker_threads';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  claimKey,
  contextKey,
  datePrefix,
  linkKey,
  objectKey,
  objectsOfReceipt,
  parseObjectKey,
  receiptKey,
} from '../../src/record/object-key.ts';
import { ArchiveError } from '../../src/errors.ts';

const DAY_MS = 86_400_000;
const MAY_20 = Date.UTC(2024, 4, 20);
const ID = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';

/** Days from the civil calendar without `Date`, after https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
function civilDay(at: number): string {
  const z = Math.floor(at / DAY_MS) + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${year}/${two(month)}/${two(day)}`;
}

const times = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) - 1 });
/** A few milliseconds around a midnight of any day, where time zones and rounding show. */
const nearMidnight = fc
  .tuple(fc.integer({ min: 10_957 + 1, max: 47_481 }), fc.integer({ min: -2, max: 2 }))
  .map(([day, shift]) => day * DAY_MS + shift);
const ids = fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/).filter((id) => id !== '.' && id !== '..');
const channels = fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), { nil: undefined });

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ArchiveError ? error.code : 'foreign';
  }
  return 'none';
};

describe('objectKey', () => {
  it('is the path of the tutorial, with the day in UTC', () => {
    expect(objectKey({ recordingId: ID, at: Date.parse('2024-05-20T23:59:59.999Z') })).toBe(
      `archive/2024/05/20/${ID}.enc`,
    );
    expect(objectKey({ recordingId: ID, channel: '1', at: Date.parse('2024-02-29T00:00:00Z') })).toBe(
      `archive/2024/02/29/${ID}.1.enc`,
    );
  });

  it.each([
    ['2000-02-28T23:59:59.999Z', '2000/02/28'],
    ['2000-02-29T00:00:00Z', '2000/02/29'],
    ['2000-02-29T23:59:59.999Z', '2000/02/29'],
    ['2000-03-01T00:00:00Z', '2000/03/01'],
    ['2023-02-28T23:59:59.999Z', '2023/02/28'],
    ['2023-03-01T00:00:00Z', '2023/03/01'],
    ['2096-02-29T12:00:00Z', '2096/02/29'],
    ['2099-12-31T23:59:59.999Z', '2099/12/31'],
    ['2026-01-01T00:30:00+01:00', '2025/12/31'],
    ['2025-12-31T23:30:00-01:00', '2026/01/01'],
  ])('%s is filed under %s', (time, day) => {
    expect(objectKey({ recordingId: ID, at: Date.parse(time) })).toBe(`archive/${day}/${ID}.enc`);
  });

  it('agrees with calendar arithmetic that uses no Date, 10,000 times around midnight', () => {
    fc.assert(
      fc.property(nearMidnight, (at) => {
        expect(datePrefix(at)).toBe(`archive/${civilDay(at)}/`);
      }),
      { numRuns: 10_000 },
    );
  });

  describe('defect 30: the day does not depend on the time zone of the machine', () => {
    const before = process.env['TZ'];
    afterEach(() => {
      if (before === undefined) delete process.env['TZ'];
      else process.env['TZ'] = before;
    });

    // a worker thread has its own copy of the environment, which does not set the zone of the process
    it
      .skipIf(!isMainThread)
      .each([
        'Pacific/Kiritimati',
        'Pacific/Pago_Pago',
        'America/St_Johns',
        'Asia/Kathmandu',
        'Europe/Berlin',
        'America/Sao_Paulo',
      ])('%s', (zone) => {
      process.env['TZ'] = zone;
      // The zone is in force: local and UTC hours differ.
      expect(new Date(Date.UTC(2024, 0, 15, 12)).getTimezoneOffset()).not.toBe(0);
      fc.assert(
        fc.property(fc.oneof(nearMidnight, times), (at) => {
          expect(datePrefix(at)).toBe(`archive/${civilDay(at)}/`);
        }),
        { numRuns: 2_000 },
      );
    });
  });

  it('reads back what it wrote, and two recordings never share a key', () => {
    fc.assert(
      fc.property(ids, channels, ids, channels, times, (recordingId, channel, otherId, otherChannel, at) => {
        const key = objectKey({ recordingId, channel, at });
        expect(parseObjectKey(key)).toEqual({
          recordingId,
          channel,
          date: civilDay(at).replaceAll('/', '-'),
        });
        expect(key).toMatch(/^[A-Za-z0-9._=+@:/-]{1,512}$/);
        const same = recordingId === otherId && channel === otherChannel;
        expect(objectKey({ recordingId: otherId, channel: otherChannel, at }) === key).toBe(same);
      }),
      { numRuns: 2_000 },
    );
    expect(objectKey({ recordingId: 'call.1', at: MAY_20 })).not.toBe(
      objectKey({ recordingId: 'call', channel: '1', at: MAY_20 }),
    );
  });

  it.each(['', '.', '..', 'a/b', '../x', 'a b', 'ä', 'a\n', 'a'.repeat(129), 'a%2fb'])(
    'refuses the id %j',
    (recordingId) => {
      expect(codeOf(() => objectKey({ recordingId, at: MAY_20 }))).toBe('EVENT_INVALID');
      expect(codeOf(() => claimKey(recordingId))).toBe('EVENT_INVALID');
    },
  );

  it.each(['', 'a.b', '../x', 'a/b', 'x'.repeat(33)])('refuses the channel %j', (channel) => {
    expect(codeOf(() => objectKey({ recordingId: ID, channel, at: MAY_20 }))).toBe('EVENT_INVALID');
  });

  it.each([Number.NaN, Infinity, -1, 0, Date.UTC(2000, 0, 1) - 1, Date.UTC(2100, 0, 1), 1.5])(
    'refuses the time %d',
    (at) => {
      expect(codeOf(() => objectKey({ recordingId: ID, at }))).toBe('EVENT_INVALID');
    },
  );
});

describe('parseObjectKey', () => {
  it.each([
    `archive/2023/02/29/${ID}.enc`,
    `archive/2024/13/01/${ID}.enc`,
    `archive/1999/12/31/${ID}.enc`,
    `archive/2024/5/20/${ID}.enc`,
    `/archive/2024/05/20/${ID}.enc`,
    `archive/2024/05/20/${ID}.enc.instruction`,
    `archive/2024/05/20/${ID}.json`,
    `archive/2024/05/20/a.b.c.enc`,
    `archive/2024/05/20/=2E.enc`,
    `archive/2024/05/20/=2E=2E.enc`,
    `archive/2024/05/20/a=3Db.enc`,
    `archive/2024/05/20/.enc`,
    `receipts/2024/05/20/${ID}.json`,
    `claims/${ID}.json`,
    '',
  ])('%s is not a key it could have written', (key) => {
    expect(parseObjectKey(key)).toBeUndefined();
  });

  it('takes any string, and accepts only keys that objectKey writes', () => {
    const nearly = fc.stringMatching(
      /^archive\/20[0-9]{2}\/[01][0-9]\/[0-3][0-9]\/[a.=2E/-]{1,6}(\.[a0=-]{1,2})?\.enc$/,
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (key) => {
        const parsed = parseObjectKey(key);
        if (parsed === undefined) return;
        expect(objectKey({ ...parsed, at: Date.parse(`${parsed.date}T12:00:00Z`) })).toBe(key);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('what stands beside an object', () => {
  it('is named after all of its key, with any content', () => {
    const key = objectKey({ recordingId: ID, channel: 'enc', at: MAY_20 });
    expect(receiptKey(key)).toBe(`receipts/2024/05/20/${ID}.enc.json`);
    expect(linkKey('archive/a.encoded/r.enc')).toBe('links/a.encoded/r.json');
    expect(contextKey('archive/a.encoded/r.enc')).toBe('context/a.encoded/r.json.enc');
  });

  it.each(['links/2026/05/20/r.json', 'receipts/2026/05/20/r.txt', 'receipts'])(
    'is of no object where it is no receipt: %s',
    (key) => {
      expect(objectsOfReceipt(key)).toEqual([]);
    },
  );
});

describe('what is refused', () => {
  it.each<[string, () => unknown, object]>([
    ['an id', () => claimKey('../x'), { message: 'recording id "../x" is not fit for a key' }],
    [
      'a channel',
      () => objectKey({ recordingId: ID, channel: 'a/b', at: MAY_20 }),
      { message: 'channel "a/b" is not fit for a key' },
    ],
    [
      'a time',
      () => datePrefix(-1),
      { message: 'the time of the recording is not within 2000 to 2099', details: { at: -1 } },
    ],
  ])('%s is named', (_, make, error) => {
    let thrown: unknown;
    try {
      make();
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toMatchObject({ code: 'EVENT_INVALID', retryable: false, ...error });
  });
});

describe('claimKey', () => {
  it('depends on the recording alone', () => {
    expect(claimKey(ID)).toBe(`claims/${ID}.json`);
  });
});
