import { describe, it } from 'vitest';
import { surviveKills } from '../serve/killing.ts';

describe('kill -9', () => {
  it('loses nothing and doubles nothing: 30 kills, 200 events', () => surviveKills(200, 30, 2));
});
