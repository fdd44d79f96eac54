import { describe, it } from 'vitest';
import { surviveKills } from '../serve/killing.ts';

/** 30 kills and 200 events: `npm run test:slow`. */
describe('kill -9', () => {
  it('loses nothing and doubles nothing: 5 kills, 40 events', () => surviveKills(40, 5, 1));
});
