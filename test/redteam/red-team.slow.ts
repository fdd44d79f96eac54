/** Attacks on the product as it runs. Each is found or refused in the way that it states; `docs/threat-model.md` names them. */
import { afterAll, describe, expect, it } from 'vitest';
import { casesOf } from './attack.ts';
import { KINDS } from './kinds.ts';

describe.each(KINDS)('$title', (kind) => {
  afterAll(() => kind.close?.());

  it.each(casesOf(kind))('an attacker who %s is found out or refused', async (_, attack, mode) => {
    expect(await attack.attempt(mode)).toEqual(attack.outcome);
  });
});

describe('the suite', () => {
  const attacks = KINDS.flatMap((kind) => kind.attacks);

  it('has at least 60 attacks of 10 kinds, each with what the attacker may do', () => {
    expect(KINDS.length).toBeGreaterThanOrEqual(10);
    expect(attacks.length).toBeGreaterThanOrEqual(60);
    for (const { may } of attacks) expect(may.length).toBeGreaterThan(10);
  });

  it('has no two attacks of one name', () => {
    expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
  });
});
