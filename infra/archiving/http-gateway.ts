import { Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

export interface GatewayProps {
  readonly handler: lambda.IFunction;
  /** Regional; rules of AWS WAF see every request first. */
  readonly webAclArn: string | undefined;
}

/** Requests a second, and at once: one OAuth client of Genesys Cloud allows 5 a second. */
const RATE = 10;
const BURST = 20;

/**
 * One POST of one path. API Gateway waits for 29 seconds: a recording that takes longer is archived all the same, and its sender, told
 * 504, sends it again, which then finds it done.
 */
export function createGateway(
  scope: Construct,
  id: string,
  { handler, webAclArn }: GatewayProps,
): apigateway.RestApi {
  const api = new apigateway.RestApi(scope, id, {
    description: 'Takes signed webhooks for the archive',
    endpointTypes: [apigateway.EndpointType.REGIONAL],
    cloudWatchRole: false,
    deployOptions: { stageName: 'v1', throttlingRateLimit: RATE, throttlingBurstLimit: BURST },
  });
  // the stack has an output of its own for either entry
  api.node.tryRemoveChild('Endpoint');
  api.root.addMethod('POST', new apigateway.LambdaIntegration(handler));
  acknowledge(api, {
    'AwsSolutions-APIG1':
      'The function logs each request that is signed; unsigned ones are counted by the metrics of the API.',
    'AwsSolutions-APIG2': 'The function checks the signature of the raw body before anything is parsed.',
    'AwsSolutions-APIG3': 'A web ACL costs money and is a setting, webAclArn.',
    'AwsSolutions-APIG4':
      'Senders of webhooks have no AWS credentials: the function checks the HMAC of the body.',
    'AwsSolutions-APIG6': 'Its log would need a role for the whole account; the function logs what matters.',
    'AwsSolutions-COG4': 'Senders of webhooks are no users: the function checks the HMAC of the body.',
  });
  if (webAclArn !== undefined) {
    const { partition, region } = Stack.of(scope);
    new wafv2.CfnWebACLAssociation(scope, `${id}WebAcl`, {
      webAclArn,
      resourceArn: `arn:${partition}:apigateway:${region}::/restapis/${api.restApiId}/stages/${api.deploymentStage.stageName}`,
    });
  }
  return api;
}
