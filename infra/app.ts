/**
 * The CDK app: `npx cdk deploy -c settings=genesys-archive.deploy.json`. Without the context it reads that file of the working
 * directory.
 */
import { App } from 'aws-cdk-lib';
import { readCheckedSettings } from '../src/config/deploy/file.ts';
import { DEPLOY_SETTINGS_FILE } from '../src/config/deploy/settings.ts';
import { ArchiveError } from '../src/errors.ts';
import { GenesysMediaArchiveStack, propsOf } from './stack.ts';
import { present } from '../src/present.ts';

const EXIT_USAGE = 2;

try {
  const app = new App({ autoSynth: false });
  const named: unknown = app.node.tryGetContext('settings');
  const file = typeof named === 'string' ? named : DEPLOY_SETTINGS_FILE;
  const { settings, warnings } = await readCheckedSettings(file);
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const account = settings.account ?? process.env['CDK_DEFAULT_ACCOUNT'];
  new GenesysMediaArchiveStack(app, settings.stackName, propsOf(settings), {
    env: { region: settings.region, ...present({ account }) },
    // an archive is not deleted in passing
    terminationProtection: true,
  });
  app.synth();
} catch (error) {
  if (!(error instanceof ArchiveError)) throw error;
  const hint = error.hint === undefined ? '' : `hint: ${error.hint}\n`;
  process.stderr.write(`error: ${error.message}\n${hint}`);
  process.exitCode = EXIT_USAGE;
}
