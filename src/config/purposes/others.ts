/** What only people and scheduled functions ask for: no event needs it, and it is left out of the archiving function. */
import type { KeysConfig, SealConfig, WrapConfig } from '../config-types.ts';
import { buildProxies } from '../rules/network.ts';
import { buildSealer } from '../rules/proof.ts';
import { buildRecordings } from '../rules/published.ts';
import { buildSource } from '../rules/source.ts';
import {
  buildGenesys,
  buildRestore,
  buildStore,
  type CheckedSettings,
  ownership,
  signingOf,
} from './parts.ts';

export function buildKeys({ values, warnings }: CheckedSettings): KeysConfig {
  return {
    ...ownership(values),
    proxies: buildProxies(values),
    logLevel: values.ARCHIVE_LOG_LEVEL ?? 'info',
    warnings,
  };
}

export function buildSeal(settings: CheckedSettings): SealConfig {
  const { values } = settings;
  return {
    ...buildStore(settings),
    genesys: buildGenesys(values),
    recordings: buildRecordings(values),
    rateShare: values.ARCHIVE_RATE_SHARE ?? 1,
    sealer: buildSealer(values),
  };
}

export function buildWrap(settings: CheckedSettings): WrapConfig {
  const { values } = settings;
  return {
    ...buildRestore(settings),
    ...signingOf(values),
    keyPlacement: values.ARCHIVE_KEY_PLACEMENT ?? 'metadata',
    source: buildSource(values),
    retentionFile: values.ARCHIVE_RETENTION_FILE,
    quarantine: values.ARCHIVE_QUARANTINE,
    holdTwoPersons: values.ARCHIVE_HOLD_TWO_PERSONS ?? false,
    consoleReason: values.ARCHIVE_CONSOLE_REASON ?? 'optional',
    consoleSignOn: {
      file: values.ARCHIVE_CONSOLE_SIGN_ON,
      clientSecret: values.ARCHIVE_CONSOLE_CLIENT_SECRET,
      sessionKey: values.ARCHIVE_CONSOLE_SESSION_KEY,
    },
    consoleFunction: {
      secretArn: values.ARCHIVE_CONSOLE_SECRET_ARN,
      roleArn: values.ARCHIVE_CONSOLE_ROLE_ARN,
    },
  };
}
