import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../../src/config/config.ts';
import { checkDeploySettings } from '../../../src/config/deploy/file.ts';
import { DEFAULT_CONFIG_FILE, readConfigFile } from '../../../src/config/file.ts';
import { type Attack, codeOf, type Kind } from '../attack.ts';

const SOUND = {
  GENESYS_CLIENT_ID: '32aa07aa-db1b-4987-abd0-9483601ec29d',
  GENESYS_CLIENT_SECRET: 'canary-client-secret',
  GENESYS_ENVIRONMENT: 'mypurecloud.com',
  ENCRYPTION_KEY_HEX: 'a1'.repeat(32),
  ARCHIVE_STORE: 'file:/var/lib/archive',
};
const FOUND = 'puts a config file into a directory that another user works in';

/** Someone else's file that was found in the working directory says `settings`, which is more than it may. */
function found(name: string, settings: Readonly<Record<string, string>>): Attack {
  return {
    name,
    may: FOUND,
    outcome: 'CONFIG_INVALID',
    attempt: () =>
      codeOf(() => {
        const env = Object.fromEntries(Object.entries(SOUND).filter(([key]) => !(key in settings)));
        return loadConfig({ env, file: { path: DEFAULT_CONFIG_FILE, values: settings } }, 'archive');
      }),
  };
}

/** A file in a directory, with these modes. */
function stranger(name: string, change: (dir: string, file: string) => Promise<void>): Attack {
  return {
    name,
    may: FOUND,
    outcome: 'CONFIG_INVALID',
    attempt: async () => {
      const dir = await mkdtemp(path.join(tmpdir(), 'red-team-'));
      try {
        const file = path.join(dir, DEFAULT_CONFIG_FILE);
        await writeFile(file, JSON.stringify({ ARCHIVE_LOG_LEVEL: 'error' }), { mode: 0o600 });
        await change(dir, file);
        return await codeOf(() => readConfigFile(undefined, dir));
      } finally {
        await rm(dir, { recursive: true });
      }
    },
  };
}

function deployed(name: string, variables: Readonly<Record<string, string>>): Attack {
  return {
    name,
    may: 'edits the variables of a deploy file; may not edit the stack',
    outcome: Object.keys(variables).map((variable) => `environmentVariables.${variable}`),
    attempt: () => {
      const checked = checkDeploySettings({
        region: 'eu-central-1',
        environment: 'mypurecloud.de',
        organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
        environmentVariables: variables,
      });
      return Promise.resolve('problems' in checked ? checked.problems.map(({ name: what }) => what) : []);
    },
  };
}

export const configuration: Kind = {
  title: 'settings that others have a hand in',
  attacks: [
    found('sends the client secret to a login server of their own', {
      GENESYS_LOGIN_URL: 'https://login.evil.example',
    }),
    found('sends tokens to an API of their own', { GENESYS_API_URL: 'https://api.evil.example' }),
    found('lets media come from a host of their own', { ARCHIVE_MEDIA_HOSTS: 'evil.example' }),
    found('lets receipts of their own be believed', { ARCHIVE_RECEIPT_PUBLIC_KEYS: '/tmp/evil.pem' }),
    found('opens this machine’s own addresses', { ARCHIVE_ALLOW_LOOPBACK: '1' }),
    found('takes webhooks without a signature', { ARCHIVE_WEBHOOK_OPEN: '1' }),
    stranger('has written a config file that others may write', (_, file) => chmod(file, 0o666)),
    stranger('has written a config file into a directory that others may write', (dir) => chmod(dir, 0o777)),
    stranger('puts a link in the place of a config file', async (dir, file) => {
      await rm(file);
      await writeFile(path.join(dir, 'other.json'), '{}');
      await symlink(path.join(dir, 'other.json'), file);
    }),
    deployed('loads code of their own into the function', { NODE_OPTIONS: '--import /tmp/evil.mjs' }),
    deployed('switches the check of certificates off in the function', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    deployed('has the function ask AWS services of their own', {
      AWS_ENDPOINT_URL: 'https://evil.example',
      AWS_ENDPOINT_URL_S3: 'https://evil.example',
    }),
    deployed('has the function log in elsewhere', { GENESYS_LOGIN_URL: 'https://login.evil.example' }),
    deployed('opens the webhook of the function', { ARCHIVE_WEBHOOK_OPEN: '1' }),
    {
      name: 'has the deployed function log in at a domain that only looks like the platform’s',
      may: 'edits the deploy file',
      outcome: ['environment'],
      attempt: () => {
        const checked = checkDeploySettings({
          region: 'eu-central-1',
          environment: 'mypurecloud.de.evil.example',
          organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
        });
        return Promise.resolve('problems' in checked ? checked.problems.map(({ name }) => name) : []);
      },
    },
  ],
};
