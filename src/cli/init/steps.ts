import { DEPLOY_SETTINGS_FILE, type DeploySettings } from '../../config/deploy/settings.ts';
import { quoteForShell } from '../_format.ts';

/** Something to do next: what, and the lines to type. */
export interface NextStep {
  readonly title: string;
  readonly commands: readonly string[];
}

/** The topic that tells of the end of conversations; the platform keeps `{id}` as it is. */
const TOPIC = 'v2.detail.events.conversation.{id}.customer.end';

/**
 * From the settings to an archive that runs, as commands to copy. No secret is ever part of a command line: it goes through a file
 * that only its owner can read.
 *
 * @param file the deploy settings.
 * @param program how this program was called.
 */
export function nextSteps(settings: DeploySettings, file: string, program: string): readonly NextStep[] {
  const { stackName, region, account, webhook } = settings;
  const where = `--region ${region}`;
  const put = (output: string, secret: string) =>
    `aws secretsmanager put-secret-value ${where} --secret-id "$(output ${output})" --secret-string file://${secret} && rm ${secret}`;
  return [
    ...findEventSource(settings, where),
    {
      title: 'Deploy, from a checkout of this program (bootstrap once for each account and region)',
      commands: [
        'npm ci && npm run build',
        `npx cdk bootstrap aws://${account ?? '"$(aws sts get-caller-identity --query Account --output text)"'}/${region}`,
        `npx cdk deploy -c settings=${quoteForShell(file)}`,
      ],
    },
    {
      title:
        'Store the OAuth client; GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET are in the environment, as for this program',
      commands: [
        `output() { aws cloudformation describe-stacks ${where} --stack-name ${stackName} --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text; }`,
        `(umask 077 && printf '{"clientId":"%s","clientSecret":"%s"}' "$GENESYS_CLIENT_ID" "$GENESYS_CLIENT_SECRET" > credentials.json)`,
        put('CredentialsSecretArn', 'credentials.json'),
      ],
    },
    {
      title: `${settings.signingKey === 'kms' ? 'Take the public half of' : 'Make'} the key that signs receipts; keep receipt-keys.json where the writers cannot exchange it`,
      commands: [
        ...(settings.signingKey === 'kms'
          ? [
              `aws kms get-public-key ${where} --key-id "$(output SigningKeyArn)" --query PublicKey --output text | openssl base64 -d -A | openssl pkey -pubin -inform DER -out receipts-public.pem`,
            ]
          : [
              `${program} keys generate --signing receipts`,
              put('SigningKeySecretArn', 'receipts-private.pem'),
            ]),
        `${program} keys receipts --list receipt-keys.json --add receipts-public.pem`,
      ],
    },
    ...(webhook
      ? [
          {
            title: 'Make the secret that webhooks are signed with, and give it to their sender',
            commands: [
              "(umask 077 && openssl rand -hex 32 | tr -d '\\n' > webhook-secret.txt)",
              'cat webhook-secret.txt; output WebhookUrl',
              put('WebhookSecretArn', 'webhook-secret.txt'),
            ],
          },
        ]
      : []),
    { title: 'Check all of it', commands: [checkCommand(settings, program)] },
  ];
}

/** `doctor` of what was deployed. */
export function checkCommand(
  { stackName, region }: Pick<DeploySettings, 'stackName' | 'region'>,
  program: string,
): string {
  return `${program} doctor --stack ${stackName} --region ${region}`;
}

/** The stack associates the event source with an event bus of its name; it can only do so with one that is there. */
function findEventSource(
  { eventSourceName, webhook, tutorialEvents }: DeploySettings,
  where: string,
): NextStep[] {
  if (eventSourceName === undefined && (webhook || tutorialEvents)) return [];
  const list = `aws events list-event-sources ${where} --name-prefix aws.partner/genesys.com --query "EventSources[].[Name,State]" --output text`;
  return [
    eventSourceName === undefined
      ? {
          title: `Have events sent: in Genesys Cloud, Admin > Integrations > Amazon EventBridge Source, with this AWS account and region and topic ${TOPIC}; its event source is listed then: write its name into ${DEPLOY_SETTINGS_FILE} as eventSourceName`,
          commands: [list],
        }
      : {
          title: `See that Genesys Cloud has made the event source (Admin > Integrations > Amazon EventBridge Source, topic ${TOPIC}): it is PENDING until the deployment associates it; if it is ACTIVE, run init again with --existing-event-bus`,
          commands: [list],
        },
  ];
}
