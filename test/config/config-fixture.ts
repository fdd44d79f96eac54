import { type ConfigSources, loadConfig, type Purpose } from '../../src/config/config.ts';
import { ArchiveError } from '../../src/errors.ts';

export const KEY = '00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF';

/** The tutorial's five names, and nothing else. */
export const tutorial = {
  GENESYS_CLIENT_ID: '32aa07aa-db1b-4987-abd0-9483601ec29d',
  GENESYS_CLIENT_SECRET: 'canary-client-secret',
  GENESYS_ENVIRONMENT: 'mypurecloud.com',
  S3_ARCHIVE_BUCKET: 'my-archive',
  ENCRYPTION_KEY_HEX: KEY,
};

/** The five names with some more, or others. */
export const load = (env: ConfigSources['env'], rest: Omit<ConfigSources, 'env'> = {}) =>
  loadConfig({ env: { ...tutorial, ...env }, ...rest }, 'archive');

export const refusalOf = (sources: ConfigSources, purpose: Purpose = 'archive'): ArchiveError => {
  try {
    loadConfig(sources, purpose);
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('the settings were accepted');
};

/** What is wrong with one setting, when all others are right. */
export const problemWith = (name: string, value: string) => {
  const { message } = refusalOf({ env: { ...tutorial, [name]: value } });
  return message.split('\n').slice(1).join('\n');
};
