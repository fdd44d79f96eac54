import { beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { gatherSeal } from '../../src/proof/gather-seal.ts';
import { brokenEquations, type Statement } from '../../src/proof/formats/statement.ts';
import { findHead, readLastStatement } from '../../src/proof/log/head.ts';
import { sealDays, type SealDaysOptions, type SealedDays } from '../../src/proof/seal-days.ts';
import { ArchiveFixture, DAY, HOUR } from './archive-fixture.ts';

const D = '2026-03-02';
const dayAt = (index: number) => new Date(Date.parse(D) + index * DAY).toISOString().slice(0, 10);

async function begun(): Promise<ArchiveFixture> {
  const fixture = new ArchiveFixture();
  await fixture.init();
  return fixture;
}

async function seal(fixture: ArchiveFixture, options: SealDaysOptions = {}): Promise<readonly Statement[]> {
  const { statements } = await sealDays(fixture.ports(), options, unlimited);
  for (const statement of statements) expect(brokenEquations(statement)).toEqual([]);
  return statements;
}

const days = (statements: readonly Statement[]) =>
  statements.map(({ day, revision }) => `${day} ${revision}`);

/** A log of 38 days, the first three of which have a recording that is held and was listed. */
let sealedFor38: SealedDays;
const log = new ArchiveFixture();
const keys: string[] = [];
beforeAll(async () => {
  await log.init();
  for (let at = 0; at < 3; at += 1) keys.push((await log.archive(`call ${at}`, dayAt(at))).key);
  log.now += 37 * DAY;
  sealedFor38 = await sealDays(log.ports(), {}, unlimited);
});

function copyOfLog(): ArchiveFixture {
  const fixture = new ArchiveFixture(log.store.copy());
  for (const [day, recordings] of log.platform) fixture.platform.set(day, recordings);
  fixture.now = log.now;
  return fixture;
}

describe('one seal', () => {
  it('has no more than 31 new days; those behind are in the next one', () => {
    const { statements, staged } = sealedFor38;
    const through = statements.filter(({ revision }) => revision === 0).map(({ log }) => log.through);
    expect(staged).toBe(2);
    expect(through).toEqual(Array.from({ length: 38 }, (_, at) => dayAt(at < 31 ? 30 : 37)));
    expect(new Set(statements.map(({ log }) => log.first))).toEqual(new Set([D]));
  });

  it('is of yesterday and before, unless it is told the last day', async () => {
    const fixture = await begun();
    fixture.now += 3 * DAY;
    const first = await seal(fixture, { through: dayAt(1) });
    expect(days(first)).toEqual([`${D} 0`, `${dayAt(1)} 0`]);
    expect(days(await seal(fixture, { through: dayAt(1) }))).toEqual([]);
    expect(days(await seal(fixture)).filter((each) => each.endsWith(' 0'))).toEqual([
      `${dayAt(2)} 0`,
      `${dayAt(3)} 0`,
    ]);
  });

  it('says nothing of looks that there were none of', async () => {
    const fixture = await begun();
    const [statement] = await seal(fixture);
    expect(statement).not.toHaveProperty('looked');
    expect(statement).not.toHaveProperty('drills');
  });

  it('is none where nothing has to be stated', async () => {
    const fixture = await begun();
    await seal(fixture);
    const ports = fixture.ports();
    const head = await findHead(ports, unlimited);
    const last = await readLastStatement(ports, head.size, unlimited);
    expect(await gatherSeal(ports, { first: D }, { head, last }, unlimited)).toBeUndefined();
    const empty = { ...head, size: 0 };
    const draft = await gatherSeal(ports, { first: D }, { head: empty, last: undefined }, unlimited);
    expect([draft?.statements.length, draft?.entries, draft?.keyFiles]).toEqual([1, [], []]);
  });
});

describe('days that were stated', () => {
  it('are looked at for 35 days, and all of them where that is asked for', async () => {
    const fixture = copyOfLog();
    // the last is day 37: 35 days before it is day 2
    for (const at of [0, 1, 2]) fixture.store.objects.delete(keys[at] ?? '');
    expect((await seal(fixture)).map(({ day }) => day)).toEqual([dayAt(2)]);
    const rest = await seal(fixture, { everyDay: true });
    expect(rest.map(({ day, archive }) => [day, archive.objects.absent])).toEqual([
      [D, 1],
      [dayAt(1), 1],
    ]);
    expect(await seal(fixture, { everyDay: true })).toEqual([]);
  });

  it('are looked at when something of them is erased, also later; days that are not of the log are not', async () => {
    const fixture = copyOfLog();
    const hold = async (at: number) =>
      [await fixture.hold(`to be erased ${at}`, dayAt(at)), dayAt(at)] as const;
    const logged = [await hold(0), await hold(37)];
    await seal(fixture, { everyDay: true });
    for (const [planted, day] of [...logged, await hold(-1), await hold(38)])
      await fixture.erase(planted, day);
    expect((await seal(fixture)).map(({ day, archive }) => [day, archive.erased])).toEqual([
      [D, 1],
      [dayAt(37), 1],
    ]);
  });

  it('are left as they are when the platform does not answer about them, unless the archive has changed', async () => {
    const fixture = await begun();
    const planted = await fixture.archive('call', D);
    await seal(fixture);
    fixture.now += 14 * DAY;
    fixture.isDown = true;
    const [...down] = await seal(fixture);
    expect(down.filter(({ day }) => day === D)).toEqual([]);
    expect(down.at(-1)?.looked).toBeUndefined();
    fixture.isDown = false;
    fixture.now += HOUR;
    // provisional still: it is asked about again with the next day
    fixture.now += DAY;
    const up = await seal(fixture);
    expect(up.find(({ day }) => day === D)).toMatchObject({ revision: 1, status: 'final' });
    fixture.isDown = true;
    fixture.store.objects.delete(planted.key);
    fixture.now += DAY;
    const lost = (await seal(fixture)).find(({ day }) => day === D);
    expect(lost).toMatchObject({ revision: 2, source: { unavailable: {} }, archive: { recordings: 0 } });
  });

  it('are named by the next statement where a look at them found nothing new, also without an answer', async () => {
    const fixture = await begun();
    fixture.isDown = true;
    await seal(fixture);
    fixture.now += HOUR;
    // asked again, and still without an answer: nothing to state
    fixture.asked = 0;
    expect(await seal(fixture)).toEqual([]);
    expect(fixture.asked).toBe(1);
    fixture.now += DAY;
    const [next, ...others] = await seal(fixture);
    expect([next?.day, next?.looked, others]).toEqual([dayAt(1), [D], []]);
  });
});
