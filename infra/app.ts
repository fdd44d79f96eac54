/**
 * The CDK app: `npx cdk deploy -c settings=genesys-archive.deploy.json`. Without the context it reads that file of the working
 * directory.
 */
import { App } from 'aws-cdk-lib';
import { DEPLOY_SETTINGS_FILE } from '../src/config/deploy-settings.ts';
import { GenesysMediaArchiveStack, propsOf } from './archive-stack.ts';
import { readDeploySettings, SettingsProblem } from './read-settings.ts';

const EXIT_USAGE = 2;

try {
  const app = new App({ autoSynth: false });
  const named: unknown = app.node.tryGetContext('settings');
  const settings = readDeploySettings(typeof named === 'string' ? named : DEPLOY_SETTINGS_FILE);
  const account = settings.account ?? process.env['CDK_DEFAULT_ACCOUNT'];
  new GenesysMediaArchiveStack(app, settings.stackName, propsOf(settings), {
    env: { region: settings.region, ...(account === undefined ? {} : { account }) },
    // an archive is not deleted in passing
    terminationProtection: true,
  });
  app.synth();
} catch (error) {
  if (!(error instanceof SettingsProblem)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = EXIT_USAGE;
}
