import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { putSmall } from '../../../src/record/small-object.ts';
import { accessEntries } from '../../proof/access-fixture.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';
import { runHere } from '../../cli/run-here.ts';

const DAY = '2026-05-21';

let log: SealedLog;
beforeEach(async () => {
  log = await makeSealedLog(2);
  for (const { key, bytes } of accessEntries(DAY, [2, 1]))
    await putSmall(log.archive.store, key, bytes, unlimited);
});
afterEach(() => log.remove());

const verify = (...args: readonly string[]) => runHere(['access', 'verify', ...args], { env: log.env });
const seal = () => sealDays(log.ports, {}, unlimited);
const fileOf = (key = '') => path.join(log.archive.dir, key);

describe('access verify', () => {
  it('says of each day whether its entries are as they were sealed, and writes down that it looked', async () => {
    await seal();
    const { code, records, stderr } = await verify('--json', '--by', 'M. Ito', '--reason', 'yearly');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const days = records().filter(({ type }) => type === 'day');
    expect(days.find(({ day }) => day === DAY)).toMatchObject({ standing: 'sealed', entries: 3, listed: 3 });
    expect(days.find(({ day }) => day === '2026-05-20')).toMatchObject({ standing: 'sealed', entries: 0 });
    // this look itself, of today
    expect(days.at(-1)).toMatchObject({ standing: 'not-sealed', entries: 1 });
    expect(records().at(-1)).toMatchObject({ type: 'summary', entries: 4, findings: 0 });
    const table = await verify('--from', DAY, '--to', DAY);
    expect(table).toMatchObject({ code: 0 });
    expect(table.stdout).toContain(`OK  ${DAY}  3 entries`);
  });

  it('names what is missing, changed and added, and ends with 3', async () => {
    await seal();
    const [first, second, third] = accessEntries(DAY, [2, 1]);
    await rm(fileOf(first?.key));
    await writeFile(fileOf(second?.key), second?.bytes.toString().replace('listen', 'search') ?? '');
    const [late] = accessEntries(DAY, [1], 20);
    await putSmall(log.archive.store, late?.key ?? '', late?.bytes ?? Buffer.alloc(0), unlimited);
    const { code, records } = await verify('--json', '--from', DAY, '--to', DAY);
    expect(code).toBe(3);
    const findings = records().filter(({ type }) => type === 'finding');
    expect(findings.map(({ key }) => key)).toEqual([first?.key, second?.key, late?.key, second?.key]);
    expect(JSON.stringify(findings)).not.toContain(third?.key);
    const shown = await verify('--from', DAY, '--to', DAY);
    expect(shown.stdout).toContain(`FAIL  ${first?.key}: the log holds it, and it is missing`);
    // all of the day are gone: the day is looked at all the same
    for (const one of [second, third, late]) await rm(fileOf(one?.key));
    expect((await verify('--json')).code).toBe(3);
  });

  it('is named by access list, with the last day that is sealed', async () => {
    const { records } = await runHere(['access', 'list', '--json'], { env: log.env });
    expect(records().at(-1)).toMatchObject({ type: 'chain', sealedThrough: '2026-05-30' });
    const shown = await runHere(['access', 'list'], { env: log.env });
    expect(shown.stderr).toContain('the log is sealed through 2026-05-30: access verify');
  });

  it('ends with 6 where none of the days is sealed, and says why', async () => {
    const [entry] = accessEntries('2026-06-02', [1]);
    await putSmall(log.archive.store, entry?.key ?? '', entry?.bytes ?? Buffer.alloc(0), unlimited);
    const { code, stderr } = await verify('--from', '2026-06-01', '--to', '2026-06-02');
    expect(code).toBe(6);
    expect(stderr).toContain('2026-06-02: 1 entry, not compared: the day is not sealed yet');
  });

  it.each([
    ['ids, which would hide what is gone', ['9f8e'], /takes days alone/],
    ['a person', ['--person', 'Brandt'], /takes days alone/],
  ])('refuses %s', async (_what, args, message) => {
    const { code, stderr } = await verify(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('believes no log without a public key from elsewhere', async () => {
    const { ARCHIVE_PROOF_VKEYS: _, ...env } = log.env;
    const { code, stderr } = await runHere(['access', 'verify'], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('ARCHIVE_PROOF_VKEYS')]);
  });
});
