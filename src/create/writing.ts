import { createLayout } from '../record/layout.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import type { Opens } from '../archive/open-object.ts';
import type { ReceiptKey, ReceiptKeys } from '../record/receipt/keys.ts';
import type { Budget, Clock } from '../clock.ts';
import type { ArchiveConfig } from '../config/config.ts';
import { openEnvelope, openEnvelopeReader } from '../envelope/keys/sources.ts';
import type { Logger } from '../log.ts';
import { openKeySources, openSigner } from '../open-configured.ts';
import type { EnvelopeReader } from '../ports.ts';
import type { SecretValues } from '../secrets/values.ts';
import { requireSigningKey } from '../signing/require-signing-key.ts';
import { readReceiptKeys } from '../signing-keys.ts';

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What writes recordings: formats, keys, and the signer of receipts. */
export async function openWriting(config: ArchiveConfig, secrets: SecretValues, tools: Tools) {
  const envelope = await openKeySources(config, (sources) =>
    openEnvelope({ ...config.encryption, placement: config.keyPlacement }, sources, tools),
  );
  return {
    kmsKeyId: config.encryption.kmsKeyId,
    organizationId: config.organizationId,
    retention: config.retentionAtWrite,
    layout: createLayout(config.layout),
    envelope,
    ...(await openSigning(config, secrets, tools)),
    ...(await openOwnReader(config, tools)),
  };
}

/** Finds the key that signs now; what it signs is among `receiptKeys` from then on. */
async function openSigning(
  config: ArchiveConfig,
  secrets: SecretValues,
  context: Tools,
): Promise<{
  readonly receiptKeys: ReceiptKeys;
  readonly findSigner: (budget: Budget) => Promise<ReceiptSigner | undefined>;
}> {
  const listedKeys = await readReceiptKeys(config.receiptPublicKeys);
  const receiptKeys = new Map<string, ReceiptKey>(listedKeys);
  const openedSigner = await openSigner(config, secrets, context);
  const findSigner = async (budget: Budget) => {
    const signer = await openedSigner(budget);
    if (signer === undefined) return undefined;
    const inKms = config.signingKmsKeyId !== undefined;
    requireSigningKey(signer, { keys: listedKeys, mustBeListed: inKms, now: context.clock.now() });
    // what this process has signed stays its own when the key is exchanged; what is listed keeps its limits
    if (!receiptKeys.has(signer.keyId)) receiptKeys.set(signer.keyId, signer.publicKey);
    return signer;
  };
  return { receiptKeys, findSigner };
}

/** Opens what the writer itself has the key of. A KMS key it may only make data keys with. */
async function openOwnReader(
  config: ArchiveConfig,
  context: Tools,
): Promise<{ readonly reader?: EnvelopeReader; readonly opens?: Opens }> {
  const { key, keyringFile, privateKeyFile } = config.encryption;
  const opens: Opens = new Set([
    ...(key === undefined ? [] : (['static'] as const)),
    ...(keyringFile === undefined ? [] : (['AES/GCM'] as const)),
    ...(privateKeyFile === undefined ? [] : (['RSA-OAEP-SHA1'] as const)),
  ]);
  if (opens.size === 0) return {};
  const reader = await openKeySources(config, ({ kmsKeyId: _notItsOwn, ...sources }) =>
    openEnvelopeReader(sources, context),
  );
  return { reader, opens };
}
