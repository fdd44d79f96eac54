import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { GenesysMediaArchiveStack, type GenesysMediaArchiveProps, propsOf } from '../../infra/index.ts';
import { type DeploySettings, deploySettings } from '../../src/config/deploy/settings.ts';
import { REGION, type Resource, type ResolvedTemplate, resolveTemplate } from './resolve-template.ts';

export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
export const EVENT_SOURCE = `aws.partner/genesys.com/cloud/${ORGANIZATION}/archive`;

export const SMALLEST = deploySettings.parse({
  region: REGION,
  environment: 'mypurecloud.de',
  organizationId: ORGANIZATION,
});

export const MAX_INSTRUCTION_BYTES: DeploySettings = {
  ...SMALLEST,
  eventSourceName: EVENT_SOURCE,
  tutorialEvents: true,
  webhook: true,
  objectLock: { mode: 'compliance', days: 30 },
  alarmEmail: 'operator@example.com',
};

export interface Synthesised {
  readonly stack: Stack;
  readonly raw: object;
  readonly template: ResolvedTemplate;
  readonly end: () => void;
}

/** Offline and in this process. The validator of CDK is left out: it takes seconds, and `npm run synth` asks it. */
export function synthesise(make: (app: App) => Stack, parameters?: Record<string, unknown>): Synthesised {
  const outdir = mkdtempSync(join(tmpdir(), 'synth-test-'));
  const end = () => rmSync(outdir, { recursive: true, force: true });
  try {
    const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
    const stack = make(app);
    const { template: raw } = app.synth().getStackArtifact(stack.artifactId);
    return { stack, raw: raw as object, template: resolveTemplate(raw as object, parameters), end };
  } catch (error) {
    end();
    throw error;
  }
}

export function synthesiseSettings(
  settings: DeploySettings,
  more: Partial<GenesysMediaArchiveProps> = {},
): Synthesised {
  return synthesise(
    (app) =>
      new GenesysMediaArchiveStack(
        app,
        'Stack',
        { ...propsOf(settings), ...more },
        { env: { region: settings.region } },
      ),
    { BootstrapVersion: '/cdk-bootstrap/version' },
  );
}

/** The resources of a type whose logical id contains `name`. */
export function resourcesOf(
  template: ResolvedTemplate,
  type: string,
  name = '',
): readonly [string, Resource][] {
  return Object.entries(template.resources).filter(([id, { Type }]) => Type === type && id.includes(name));
}

/** The one such resource. */
export function resourceOf(template: ResolvedTemplate, type: string, name = ''): readonly [string, Resource] {
  const [found, ...others] = resourcesOf(template, type, name);
  if (found === undefined || others.length > 0) {
    throw new Error(`${others.length + (found === undefined ? 0 : 1)} resources ${type} named ${name}`);
  }
  return found;
}

export function propertiesOf(template: ResolvedTemplate, type: string, name = ''): Record<string, unknown> {
  return resourceOf(template, type, name)[1].Properties;
}
