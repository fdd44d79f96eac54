import type { Budget } from '../../clock.ts';
import type { ArchiveConfig } from '../../config/config.ts';
import { type Archiver, createArchiver } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { createTransport } from '../../http/transport.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed, skip } from './check.ts';
import { checkPermissions } from './permissions.ts';
import { formatDuration } from '../_format.ts';

/** S3 refuses requests that are signed more than 15 minutes off: "RequestTimeTooSkewed". */
const MAX_SKEW_MS = 15 * 60_000;
/** Beyond this, tokens and links may seem to expire early. */
const NOTABLE_SKEW_MS = 30_000;

/** Checks that the platform issues a token, and that the role of the OAuth client allows what the configuration asks for. */
export async function checkGenesys(
  { clock, logger }: CommandContext,
  config: ArchiveConfig,
  budget: Budget,
): Promise<readonly DoctorCheck[]> {
  const archiver = await createArchiver(config, { clock, logger });
  try {
    await archiver.checkCredentials(budget);
    const organization = await checkOrganization(archiver, budget);
    const detail = `${config.genesys.loginUrl} issued a token${organization === 'same' ? `, of organization ${config.organizationId}` : ''}`;
    const permissions = config.genesys.api === 'media' ? [] : await checkPermissions(archiver, budget);
    const found = typeof organization === 'string' ? [] : [organization];
    return [{ name: 'genesys', status: 'ok', detail }, ...found, ...permissions];
  } catch (error) {
    const fix = 'check GENESYS_ENVIRONMENT, the network, and proxies';
    // the time is up because the host kept silent: say that
    const silent = toArchiveError(error).code === 'OUT_OF_TIME';
    const { loginUrl } = config.genesys;
    const told = silent
      ? new ArchiveError('GENESYS_UNAVAILABLE', `${loginUrl} issued no token in time`)
      : error;
    return [failed('genesys', told, fix)];
  } finally {
    archiver.close();
  }
}

/** Checks that the OAuth client belongs to the organization that the archive is of; a check of its own only where there is something to say. */
async function checkOrganization(
  archiver: Pick<Archiver, 'checkOrganization'>,
  budget: Budget,
): Promise<DoctorCheck | 'same' | 'not-asked'> {
  const name = 'organization';
  try {
    const standing = await archiver.checkOrganization(budget);
    if (standing !== 'unknown') return standing;
    const detail = 'the platform does not tell which organization the OAuth client belongs to: not compared';
    const fix = 'allow the OAuth client GET /api/v2/organizations/me';
    return { name, status: 'warn', detail, fix };
  } catch (error) {
    return failed(name, error, 'check GENESYS_ORGANIZATION_ID');
  }
}

/** Against the platform’s login host: S3 and the platform both refuse what is signed or dated too far off. */
export async function checkClock(
  { clock }: CommandContext,
  config: ArchiveConfig,
  budget: Budget,
): Promise<DoctorCheck> {
  const transport = createTransport({ proxies: config.proxies });
  try {
    const response = await transport.send({
      method: 'GET',
      url: new URL('/', config.genesys.loginUrl),
      headers: {},
      signal: budget.signal,
      failure: 'GENESYS_UNAVAILABLE',
    });
    response.discard();
    const there = Date.parse(response.headers['date'] ?? '');
    if (!Number.isFinite(there)) return skip('clock', 'the login host states no time');
    const skewMs = Math.abs(clock.now() - there);
    const detail = `${formatDuration(skewMs)} off the login host's`;
    if (skewMs <= NOTABLE_SKEW_MS) return { name: 'clock', status: 'ok', detail };
    const fix = 'synchronise the clock (NTP)';
    return skewMs > MAX_SKEW_MS
      ? {
          name: 'clock',
          status: 'fail',
          detail: `${detail}; S3 refuses more than 15 minutes`,
          fix,
          code: 'CONFIG_INVALID',
        }
      : { name: 'clock', status: 'warn', detail, fix };
  } catch (error) {
    return skip('clock', toArchiveError(error).message);
  } finally {
    transport.close();
  }
}
