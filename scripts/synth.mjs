// Synthesises the deployment offline in its smallest, its largest and its hardened form and as a template with parameters, holds each to cdk-nag
// (AwsSolutions), to the validator of CloudFormation that CDK brings along and, where it is installed, to cfn-lint, and writes the
// template to dist/template/. Ends with `N passed, N failed[, N skipped]`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CloudFormationValidatePlugin } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import {
  createTemplateStack,
  deploySettings,
  GenesysMediaArchiveStack,
  propsOf,
} from '../dist/cdk/index.mjs';

const TEMPLATE = 'dist/template/genesys-media-archive.template.json';
/** Bytes; of a template that is put into a bucket, as docs/deployment.md says. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LARGEST = 1_000_000;
const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
/** cfn-lint's finding that CDK names a dependency twice; CDK's own validator leaves it out too. */
const CFN_LINT = ['--ignore-checks', 'W3005'];

const smallest = { region: 'eu-central-1', environment: 'mypurecloud.de', organizationId: ORGANIZATION };
const largest = {
  ...smallest,
  eventSourceName: `aws.partner/genesys.com/cloud/${ORGANIZATION}/archive`,
  tutorialEvents: true,
  webhook: true,
  objectLock: { mode: 'compliance', days: 365 },
  alarmEmail: 'operator@example.com',
  environmentVariables: { ARCHIVE_CONTEXT: '1' },
};
/** With every part that costs money and is off by default. */
const hardened = {
  ...largest,
  auditors: ['arn:aws:iam::123456789012:role/Compliance'],
  rewrappers: ['arn:aws:iam::123456789012:role/KeyCustodian'],
  requireMfa: true,
  breakGlassRole: 'arn:aws:iam::123456789012:role/BreakGlass',
  secretReaders: ['arn:aws:iam::123456789012:role/Operator'],
  apiGateway: true,
  webAclArn: `arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/archive/${ORGANIZATION}`,
  vpc: true,
  customerKeys: true,
  auditTrail: true,
  verification: { depth: 'full' },
  jobs: { ownClient: true },
  catalogue: { athena: true },
  facts: true,
  seal: { origin: `recordings.example.com/proof/${ORGANIZATION}`, secondStore: 's3://checkpoints/of-first' },
  replica: { bucketArn: 'arn:aws:s3:::the-replica', account: '999999999999' },
  console: {
    domainName: 'recordings.example.com',
    certificateArn: `arn:aws:acm:us-east-1:123456789012:certificate/${ORGANIZATION}`,
  },
};

const count = { passed: 0, failed: 0, skipped: 0 };
const outdir = mkdtempSync(join(tmpdir(), 'synth-'));
try {
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  const stacks = {
    smallest: fromSettings(app, 'Smallest', smallest),
    largest: fromSettings(app, 'Largest', largest),
    hardened: fromSettings(app, 'Hardened', hardened),
    template: createTemplateStack(app, 'Template'),
  };
  const assembly = app.synth();
  const validator = new CloudFormationValidatePlugin();
  const linter = hasCfnLint();
  for (const [name, stack] of Object.entries(stacks)) {
    const { templateFullPath: templatePath, template } = assembly.getStackArtifact(stack.artifactId);
    report(name, 'cdk-nag AwsSolutions', new AwsSolutionsChecks().validateScope(stack).violations);
    report(name, 'CloudFormation Validate', validate(validator, app, stack, templatePath));
    if (linter) report(name, 'cfn-lint', lint(templatePath));
    else skip(name, 'cfn-lint', 'it is not installed');
    if (stack === stacks.template) {
      mkdirSync('dist/template', { recursive: true });
      const text = lines(template);
      writeFileSync(TEMPLATE, text);
      const bytes = Buffer.byteLength(text);
      const tooLarge = [{ ruleName: 'size', description: `${bytes} bytes` }];
      report(name, `written to ${TEMPLATE}, at most ${LARGEST} bytes`, bytes > LARGEST ? tooLarge : []);
    }
  }
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
const { passed, failed, skipped } = count;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;

function fromSettings(app, id, settings) {
  const parsed = deploySettings.parse(settings);
  return new GenesysMediaArchiveStack(app, id, propsOf(parsed), { env: { region: parsed.region } });
}

/** JSON with a line for each parameter, condition, resource and output. */
function lines(template) {
  const sections = Object.entries(template).map(([name, section]) => {
    if (typeof section !== 'object') return `${JSON.stringify(name)}: ${JSON.stringify(section)}`;
    const entries = Object.entries(section).map(
      ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
    return `${JSON.stringify(name)}: {\n${entries.join(',\n')}\n}`;
  });
  return `{\n${sections.join(',\n')}\n}\n`;
}

function validate(plugin, app, { node, region }, templatePath) {
  const stackTemplates = [{ stackConstructPath: node.path, templatePath, region, accountId: undefined }];
  return plugin.validate({ appConstruct: app, templatePaths: [templatePath], stackTemplates }).violations;
}

function hasCfnLint() {
  try {
    execFileSync('cfn-lint', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function lint(templatePath) {
  try {
    execFileSync('cfn-lint', [...CFN_LINT, '--', templatePath], { encoding: 'utf8' });
    return [];
  } catch (error) {
    return [{ ruleName: 'cfn-lint', description: `${error.stdout}${error.stderr}`.trim() }];
  }
}

function report(name, check, findings) {
  count[findings.length === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${findings.length === 0 ? '✓' : '✗'} ${name}: ${check}`);
  for (const { ruleName, description, violatingResources = [] } of findings) {
    const where = violatingResources.map(
      ({ constructPath, resourceLogicalId }) => constructPath ?? resourceLogicalId,
    );
    console.log(`    ${ruleName}: ${description} ${where.join(', ')}`.trimEnd());
  }
}

function skip(name, check, reason) {
  count.skipped += 1;
  console.log(`- ${name}: ${check} skipped: ${reason}`);
}
