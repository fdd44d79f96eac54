import { unlimited } from '../../src/clock.ts';
import { brokenEquations, type Statement } from '../../src/proof/formats/statement.ts';
import { sealDays } from '../../src/proof/seal-days.ts';
import { auditLog, type AuditedLog } from '../../src/proof/verify/audit-log.ts';
import { ArchiveFixture, DAY, HOUR, type Planted } from './archive-fixture.ts';
import { placeIn } from './log-fixture.ts';

export interface YearsReport {
  readonly audited: AuditedLog;
  readonly statements: number;
  /** Statements that break an equation. */
  readonly broken: readonly string[];
  /** Recordings that were left out permanently, and are not named missing by one of the first two statements of their day that could ask the platform. */
  readonly unnamed: readonly string[];
  /** Days without anything left out, erased or lost that end with something missing. */
  readonly falseAlarms: readonly string[];
  readonly omitted: number;
}

/** Mulberry32: the same story for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Plays nights of an archive: recordings that come late, platforms that are down or behind, nights without a seal, erasures, and
 * recordings that are left out permanently.
 */
export async function playNights(nights: number, seed: number): Promise<YearsReport> {
  const random = chance(seed);
  const fixture = new ArchiveFixture();
  await fixture.init('2026-03-02');
  fixture.now = Date.parse('2026-03-02T12:00:00Z');
  const late: { readonly at: number; readonly word: string; readonly day: string }[] = [];
  const held: { readonly planted: Planted; readonly day: string }[] = [];
  const omitted = new Map<string, string>();
  const expectedMissing = new Map<string, number>();
  const all: Statement[] = [];
  /** Of each day, for every statement that could ask the platform, whether it names all that was left out. */
  const missingAt = new Map<string, boolean[]>();
  fixture.dataAvailableUntil = () => fixture.now - (random() < 0.2 ? 40 : 2) * HOUR;
  for (let night = 0; night < nights; night += 1) {
    const day = new Date(fixture.now).toISOString().slice(0, 10);
    const count = Math.floor(random() * 6);
    for (let at = 0; at < count; at += 1) {
      const word = `${day} ${at}`;
      fixture.record(word, day);
      const fate = random();
      if (fate < 0.05) {
        omitted.set(word, day);
        expectedMissing.set(day, (expectedMissing.get(day) ?? 0) + 1);
      } else if (fate < 0.2) late.push({ at: night + 1 + Math.floor(random() * 3), word, day });
      else held.push({ planted: await fixture.hold(word, day), day });
    }
    for (const each of late.filter(({ at }) => at === night)) {
      held.push({ planted: await fixture.hold(each.word, each.day), day: each.day });
    }
    const [victim] = random() < 0.1 ? held.splice(Math.floor(random() * held.length), 1) : [];
    if (victim !== undefined) await fixture.erase(victim.planted, victim.day);
    fixture.now += 15 * HOUR;
    fixture.isDown = random() < 0.1;
    if (random() > 0.05) {
      const { statements } = await sealDays(fixture.ports(), {}, unlimited);
      for (const statement of statements) {
        all.push(statement);
        const missing = statement.differences?.missing.total;
        if (missing === undefined) continue;
        const named = missing >= (expectedMissing.get(statement.day) ?? 0);
        missingAt.set(statement.day, [...(missingAt.get(statement.day) ?? []), named]);
      }
    }
    fixture.now += DAY - 15 * HOUR;
  }
  // everything settles
  fixture.isDown = false;
  for (const { word, day } of late.filter(({ at }) => at >= nights)) await fixture.hold(word, day);
  for (let night = 0; night < 5; night += 1) {
    fixture.now += DAY;
    all.push(...(await sealDays(fixture.ports(), {}, unlimited)).statements);
  }
  const latest = new Map(all.map((statement) => [statement.day, statement]));
  const audited = await auditLog(placeIn(fixture.store), [], unlimited);
  return {
    audited,
    statements: all.length,
    broken: all.flatMap((statement) => brokenEquations(statement).map((each) => `${statement.day} ${each}`)),
    unnamed: [...omitted].flatMap(([word, day]) =>
      missingAt.get(day)?.slice(0, 2).includes(true) === true || !missingAt.has(day) ? [] : [word],
    ),
    falseAlarms: [...latest.values()].flatMap(({ day, differences }) =>
      (differences?.missing.total ?? 0) > (expectedMissing.get(day) ?? 0) ? [day] : [],
    ),
    omitted: omitted.size,
  };
}
