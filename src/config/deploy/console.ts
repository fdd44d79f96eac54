/** Of the deploy settings: the console for several people, a function behind CloudFront. */
import * as z from 'zod';

export const consoleSettings = z
  .strictObject({
    /** Host name of its own that people open it by; its DNS record leads to the distribution. */
    domainName: z
      .string()
      .regex(/^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, 'is a host name')
      .optional(),
    /** Of ACM for `domainName`, in us-east-1, where CloudFront looks for them. */
    certificateArn: z
      .string()
      .regex(/^arn:aws:acm:us-east-1:\d{12}:certificate\/[\w-]+$/, 'is the ARN of a certificate in us-east-1')
      .optional(),
    /** A web ACL of AWS WAF for CloudFront, in us-east-1. */
    webAclArn: z
      .string()
      .regex(
        /^arn:aws:wafv2:us-east-1:\d{12}:global\/webacl\/[^\s]+$/,
        'is the ARN of a web ACL for CloudFront',
      )
      .optional(),
    /** Who listens must say why. */
    reasonRequired: z.boolean().default(false),
  })
  .refine(({ domainName, certificateArn }) => (domainName === undefined) === (certificateArn === undefined), {
    error: 'has one of domainName and certificateArn: a name of its own needs a certificate',
  });

export type ConsoleSettings = z.output<typeof consoleSettings>;
