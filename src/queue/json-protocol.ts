import { asObject } from '../aws/json-calls.ts';
import type { QueuedMessage } from './message-queue.ts';

export function formatAttributes(attributes: Readonly<Record<string, string>>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
}

/** None where it is no message. */
export function readMessage(value: unknown): QueuedMessage[] {
  const { MessageId, ReceiptHandle, Body, Attributes, MessageAttributes } = asObject(value);
  if (typeof MessageId !== 'string' || typeof ReceiptHandle !== 'string' || typeof Body !== 'string')
    return [];
  const attributes = Object.entries(asObject(MessageAttributes)).flatMap(([name, attribute]) => {
    const { StringValue } = asObject(attribute);
    return typeof StringValue === 'string' ? [[name, StringValue] as const] : [];
  });
  return [
    {
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Object.fromEntries(attributes),
      receiveCount: Number(asObject(Attributes)['ApproximateReceiveCount'] ?? 0),
    },
  ];
}
