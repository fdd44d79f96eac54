import { describe, expect, it } from 'vitest';
import {
  isAwsRegion,
  isKnownAwsRegion,
  partitionOf,
  queueUrlOf,
  regionOfQueueHost,
  suggestRegion,
} from '../src/aws-regions.ts';
import { GENESYS_REGIONS } from '../src/regions.ts';
import { synthesiseSettings, SMALLEST } from './infra/synthesise.ts';

const ACCOUNT = '123456789012';
const PLACES = [
  ['eu-central-1', 'aws', 'amazonaws.com'],
  ['cn-north-1', 'aws-cn', 'amazonaws.com.cn'],
  ['us-gov-west-1', 'aws-us-gov', 'amazonaws.com'],
  ['eusc-de-east-1', 'aws-eusc', 'amazonaws.eu'],
  ['us-iso-east-1', 'aws-iso', 'c2s.ic.gov'],
  ['us-isob-east-1', 'aws-iso-b', 'sc2s.sgov.gov'],
  ['eu-isoe-west-1', 'aws-iso-e', 'cloud.adc-e.uk'],
  ['us-isof-south-1', 'aws-iso-f', 'csp.hci.ic.gov'],
] as const;

describe('the partitions of AWS', () => {
  it.each(PLACES)('%s is of %s, and its queues are below %s', (region, partition, suffix) => {
    expect([partitionOf(region)?.name, isKnownAwsRegion(region)]).toEqual([partition, true]);
    const url = queueUrlOf(`arn:${partition}:sqs:${region}:${ACCOUNT}:calls`);
    expect(url).toBe(`https://sqs.${region}.${suffix}/${ACCOUNT}/calls`);
    for (const host of [
      `sqs.${region}.${suffix}`,
      `sqs-fips.${region}.${suffix}`,
      `vpce-0a1b2c3d-x.sqs.${region}.vpce.${suffix}`,
      `${region}.queue.${suffix}`,
      `sqs.${region}.${partitionOf(region)?.dualStackDnsSuffix}`,
    ]) {
      expect(regionOfQueueHost(host)).toBe(region);
    }
  });

  it('know every region of Genesys Cloud, and take regions that are newer than this program', () => {
    expect(Object.keys(GENESYS_REGIONS).filter((region) => !isKnownAwsRegion(region))).toEqual([]);
    expect(['eu-central-9', 'eusc-fr-west-1', 'ap-southwest-12'].map(isAwsRegion)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each([
    'sqs.eu-west-1.amazonaws.com.evil.example',
    'localhost',
    '127.0.0.1',
    'sqs.eu-west-1.amazonaws.eu.example',
  ])('tell no region of %s', (host) => expect(regionOfQueueHost(host)).toBeUndefined());

  it.each([
    'arn:aws:sqs:eusc-de-east-1:123456789012:q',
    'arn:aws-eusc:sqs:eu-central-1:123456789012:q',
    'arn:aws-new:sqs:xx-east-1:123456789012:q',
    'arn:aws-eusc:sqs:eusc-de-east-1:123456789012:q/../x',
  ])('make no URL of %s', (arn) => expect(queueUrlOf(arn)).toBeUndefined());

  it.each([
    ['us_east_1', 'us-east-1'],
    ['US-EAST-1', 'us-east-1'],
    ['US_EAST_1', 'us-east-1'],
    ['useast1', 'us-east-1'],
    ['us-east-1a', 'us-east-1'],
    [' eu-central-1 ', 'eu-central-1'],
    ['eusc_de_east_1', 'eusc-de-east-1'],
    ['us-east-1', undefined],
    ['auto', undefined],
    ['', undefined],
  ])('take %j for a slip of %s', (text, meant) => expect(suggestRegion(text)).toBe(meant));
});

describe('a stack in the European Sovereign Cloud', () => {
  it('names no ARN and no host of another partition', () => {
    const region = 'eusc-de-east-1';
    const { raw, end } = synthesiseSettings({
      ...SMALLEST,
      region,
      environment: 'edee1.eusc-pure.cloud',
      webhook: true,
    });
    try {
      const text = JSON.stringify(raw);
      expect(text).not.toMatch(/arn:aws[:"]/);
      expect(text.replaceAll(/"[a-z0-9.]+\.amazonaws\.com"/g, '')).not.toContain('amazonaws.com');
    } finally {
      end();
    }
  });
});
