import type { ArchiveConfig } from '../config-types.ts';
import { buildBackfill } from '../rules/backfill.ts';
import { chooseWriting, readKeySettings } from '../rules/encryption.ts';
import { buildServeKeepAlive } from '../rules/network.ts';
import { buildRecordings } from '../rules/published.ts';
import type { SettingValues } from '../schema.ts';
import { present } from '../../present.ts';
import { buildGenesys, buildRestore, type CheckedSettings, signingOf } from './parts.ts';

export function buildArchive(settings: CheckedSettings): ArchiveConfig {
  const { values } = settings;
  return {
    ...buildRestore(settings),
    encryption: { ...readKeySettings(values), ...chooseWriting(values) },
    keyPlacement: values.ARCHIVE_KEY_PLACEMENT ?? 'metadata',
    genesys: buildGenesys(values),
    writeBack: (values.ARCHIVE_WRITE_BACK ?? 'interaction') === 'interaction' ? 'interaction' : 'none',
    recordings: buildRecordings(values),
    backfill: buildBackfill(values),
    retentionFile: values.ARCHIVE_RETENTION_FILE,
    retentionAtWrite: values.ARCHIVE_RETENTION_AT_WRITE,
    quarantine: values.ARCHIVE_QUARANTINE,
    rateShare: values.ARCHIVE_RATE_SHARE ?? 1,
    ...signingOf(values),
    queues: { source: values.ARCHIVE_QUEUE_URL, deadLetter: values.ARCHIVE_DEAD_LETTER_QUEUE_URL },
    mediaHosts: values.ARCHIVE_MEDIA_HOSTS ?? [],
    proxyMedia: values.ARCHIVE_PROXY_MEDIA ?? true,
    serveKeepAliveMs: buildServeKeepAlive(values),
    mediaRegions: values.ARCHIVE_REGIONS,
    webhook: buildWebhook(values),
  };
}

function buildWebhook(values: SettingValues): ArchiveConfig['webhook'] {
  const {
    ARCHIVE_WEBHOOK_SECRET: secrets = [],
    ARCHIVE_WEBHOOK_SECRET_ARN: secretArn,
    ARCHIVE_WEBHOOK_SIGNATURE: signatures,
  } = values;
  return {
    secrets,
    secretArn,
    ...present({ signatures }),
    open: values.ARCHIVE_WEBHOOK_OPEN === true && secrets.length === 0 && secretArn === undefined,
  };
}
