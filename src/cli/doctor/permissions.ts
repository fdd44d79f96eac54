import type { Budget } from '../../clock.ts';
import type { Archiver } from '../../create/archiver.ts';
import { toArchiveError } from '../../errors.ts';
import type { DoctorCheck } from './check.ts';

/** One line for each call of the published API that the role of the OAuth client does not allow, or one that says all is well. */
export async function checkPermissions(
  archiver: Pick<Archiver, 'probePermissions'>,
  budget: Budget,
): Promise<readonly DoctorCheck[]> {
  const name = 'permissions';
  try {
    const probes = await archiver.probePermissions(budget);
    const lacking = probes.filter(({ verdict }) => verdict === 'missing');
    const checks = lacking.map(({ call, why, hint }): DoctorCheck => {
      return { name, status: 'fail', detail: `${call}: ${why}`, fix: hint, code: 'GENESYS_FORBIDDEN' };
    });
    if (checks.length > 0) return checks;
    const unclear = probes.filter(({ verdict }) => verdict === 'unknown');
    const detail =
      unclear.length === 0
        ? `all ${probes.length} calls of the published API are allowed, in one division at least`
        : `no answer tells whether these calls are allowed: ${unclear.map(({ call }) => call).join(', ')}`;
    return [{ name, status: unclear.length === 0 ? 'ok' : 'warn', detail }];
  } catch (error) {
    const { message, hint, code } = toArchiveError(error);
    return [{ name, status: 'fail', detail: `${message}  [${code}]`, fix: hint, code }];
  }
}
