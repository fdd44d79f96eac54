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
