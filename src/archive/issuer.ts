import type { ArchivePorts } from './ports.ts';
import type { Issuer } from './issue-receipt.ts';

/** Of the ports, what issuing a receipt needs. */
export function issuerOf(ports: ArchivePorts): Issuer {
  const { store, clock, envelope, kmsKeyId, signer, receiptKeys, organizationId } = ports;
  return { store, clock, format: envelope.format, kmsKeyId, signer, receiptKeys, organizationId };
}
