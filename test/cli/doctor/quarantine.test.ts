import { describe, expect, it } from 'vitest';
import { checkQuarantine } from '../../../src/cli/doctor/quarantine.ts';
import type { CommandContext } from '../../../src/cli/_context.ts';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { silentLogger } from '../../../src/log.ts';
import { QUARANTINE_RULES } from '../../keep/quarantine/quarantine-world.ts';

describe('doctor', () => {
  const check = (quarantine: string | undefined) =>
    checkQuarantine(
      { clock: systemClock, logger: silentLogger } as CommandContext,
      { ...loadConfig({ env: { ARCHIVE_STORE: 'file:/tmp/none' } }, 'store'), quarantine },
      unlimited,
    );

  it('reads the rules of quarantine, and says in which line they are wrong', async () => {
    expect(await check(undefined)).toBeUndefined();
    expect(await check(JSON.stringify(QUARANTINE_RULES))).toMatchObject({ status: 'ok' });
    expect(await check('{"schema":1}')).toMatchObject({
      status: 'fail',
      code: 'QUARANTINE_FILE_INVALID',
      detail: expect.stringContaining('line 1') as unknown,
    });
  });
});
