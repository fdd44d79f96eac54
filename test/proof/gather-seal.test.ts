import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { gatherSeal } from '../../src/proof/gather-seal.ts';
import { sha256Hex } from '../../src/proof/formats/entry.ts';
import { brokenEquations, type Statement } from '../../src/proof/formats/statement.ts';
import { findHead, readLastStatement } from '../../src/proof/log/head.ts';
import {
  sealDays,
  type SealDaysOptions,
  type SealDaysPorts,
  type SealedDays,
} from '../../src/proof/seal-days.ts';
import { ArchiveFixture, DAY, HOUR } from './archive-fixture.ts';
import { LOG_SIGNER } from './log-fixture.ts';

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

interface SealedLog {
  readonly log: ArchiveFixture;
  /** Of the objects of its first three days, each of which has a recording that is held and was listed. */
  readonly keys: readonly string[];
  readonly sealed: SealedDays;
}

async function sealFor38(): Promise<SealedLog> {
  const log = await begun();
  const keys: string[] = [];
  for (let at = 0; at < 3; at += 1) keys.push((await log.archive(`call ${at}`, dayAt(at))).key);
  log.now += 37 * DAY;
  return { log, keys, sealed: await sealDays(log.ports(), {}, unlimited) };
}

let made: Promise<SealedLog> | undefined;
/** A log of 38 days, made once; who changes it takes a copy. */
const sealedFor38 = () => (made ??= sealFor38());

async function copyOfLog(): Promise<Pick<SealedLog, 'keys'> & { readonly fixture: ArchiveFixture }> {
  const { log, keys } = await sealedFor38();
  const fixture = new ArchiveFixture(log.store.copy());
  for (const [day, recordings] of log.platform) fixture.platform.set(day, recordings);
  fixture.now = log.now;
  return { fixture, keys };
}

describe('one seal', () => {
  it('has no more than 31 new days; those behind are in the next one', async () => {
    const { statements, staged } = (await sealedFor38()).sealed;
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

describe('a change of keys', () => {
  it('is in the draft of a seal that has statements, and makes no seal of its own', async () => {
    const fixture = await begun();
    const ports = fixture.ports();
    const entry = { kind: 'key', day: D, sha256: sha256Hex('file') } as const;
    const options = { first: D, keyChange: { entry, file: 'file' } };
    const head = await findHead(ports, unlimited);
    const draft = await gatherSeal(ports, options, { head, last: undefined }, unlimited);
    expect([draft?.entries, draft?.keyFiles, draft?.statements.length]).toEqual([[entry], ['file'], 1]);
    await seal(fixture);
    const after = await findHead(ports, unlimited);
    const last = await readLastStatement(ports, after.size, unlimited);
    expect(await gatherSeal(ports, options, { head: after, last }, unlimited)).toBeUndefined();
  });
});

describe('days that were stated', () => {
  it('keep no other from being sealed when the statement of one is gone', async () => {
    const fixture = await begun();
    fixture.now += DAY;
    const [first] = await seal(fixture);
    const { keys } = fixture.ports();
    expect(fixture.store.objects.delete(keys.statement(D, first?.log.index ?? -1))).toBe(true);
    fixture.now += DAY;
    expect((await seal(fixture, { everyDay: true })).map(({ day }) => day)).toContain(dayAt(2));
  });

  it('are asked about again where their count was cut off since', async () => {
    const fixture = await begun();
    await seal(fixture);
    const { keys, origin, trusted } = fixture.ports();
    fixture.store.plant(keys.counted(D, fixture.now + 1), 'x');
    fixture.now += HOUR;
    const asked = async (change: Partial<SealDaysPorts>) => {
      fixture.asked = 0;
      await sealDays({ ...fixture.ports(), ...change }, {}, unlimited);
      return fixture.asked;
    };
    const counting = { keys, origin, trusted, signer: LOG_SIGNER };
    expect([await asked({}), await asked({ counting })]).toEqual([0, 1]);
  });

  it('are not asked about on a night on which nothing is due, nor are days before the log', async () => {
    const fixture = await begun();
    await fixture.hold('before the log', dayAt(-1));
    await seal(fixture);
    fixture.asked = 0;
    fixture.now += DAY;
    await fixture.hold('of the next day', dayAt(1));
    expect((await seal(fixture)).map(({ day }) => day)).toEqual([dayAt(1)]);
    expect(fixture.asked).toBe(1);
  });

  it('are looked at for 35 days, and all of them where that is asked for', async () => {
    const { fixture, keys } = await copyOfLog();
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
    const { fixture } = await copyOfLog();
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
