import { Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

const ZONES = 2;

/** What the function calls. It writes logs and metrics through Lambda itself, which needs no endpoint. */
const SERVICES = {
  Kms: ec2.InterfaceVpcEndpointAwsService.KMS,
  Sqs: ec2.InterfaceVpcEndpointAwsService.SQS,
  SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
} as const;

/**
 * A network in which the function reaches AWS without the internet, and Genesys Cloud from one address that does not change. One NAT
 * gateway: while its zone is down, events wait in the queue.
 */
export class ArchiveNetwork extends Construct {
  readonly vpc: ec2.Vpc;
  readonly securityGroup: ec2.SecurityGroup;
  /** The address that Genesys Cloud sees. */
  readonly egressAddress: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const address = new ec2.CfnEIP(this, 'Egress', { domain: 'vpc' });
    this.egressAddress = address.ref;
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      // by number: looking the zones of an account up needs credentials
      availabilityZones: Array.from({ length: ZONES }, (_, index) => Fn.select(index, Fn.getAzs())),
      natGateways: 1,
      natGatewayProvider: ec2.NatProvider.gateway({ eipAllocationIds: [address.attrAllocationId] }),
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 28, mapPublicIpOnLaunch: false },
        { name: 'Function', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      ],
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
    });
    acknowledge(this.vpc, {
      'AwsSolutions-VPC7':
        'Flow logs cost as much as what they record; the account switches them on where it wants them.',
    });
    this.securityGroup = new ec2.SecurityGroup(this, 'Function', {
      vpc: this.vpc as ec2.IVpc,
      description: 'The function of the archive: it calls, and is not called',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'HTTPS');
    const endpoints = new ec2.SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc as ec2.IVpc,
      description: 'Endpoints of AWS, for the function of the archive',
      allowAllOutbound: false,
    });
    endpoints.addIngressRule(this.securityGroup, ec2.Port.tcp(443), 'HTTPS of the function');
    for (const [name, service] of Object.entries(SERVICES)) {
      this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [endpoints], open: false });
    }
  }
}

/** Where a function runs: in the network, or, without one, where Lambda puts it. */
export function placeIn(
  network: Pick<ArchiveNetwork, 'vpc' | 'securityGroup'> | undefined,
): Pick<lambda.FunctionProps, 'vpc' | 'vpcSubnets' | 'securityGroups'> {
  if (network === undefined) return {};
  return {
    vpc: network.vpc as ec2.IVpc,
    vpcSubnets: { subnetGroupName: 'Function' },
    securityGroups: [network.securityGroup],
  };
}
