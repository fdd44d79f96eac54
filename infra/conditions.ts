import { type CfnCondition, CfnResource, Fn, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Parts that a template with parameters has only under a condition. A stack whose settings are known when it is synthesised has a
 * part or leaves it out, and needs none of them.
 */
export interface ArchiveConditions {
  readonly eventSource?: CfnCondition;
  /** The event bus is made here; it may exist already. */
  readonly eventBus?: CfnCondition;
  readonly tutorialEvents?: CfnCondition;
  readonly webhook?: CfnCondition;
  readonly objectLock?: CfnCondition;
  readonly alarmEmail?: CfnCondition;
  readonly auditors?: CfnCondition;
  readonly rewrappers?: CfnCondition;
  /** The key that signs receipts: one of the two holds, and both places are in the template. */
  readonly signingSecret?: CfnCondition;
  readonly signingKms?: CfnCondition;
}

/** `value` where the condition holds, and nothing elsewhere; without a condition `value` itself. */
export function when<T>(condition: CfnCondition | undefined, value: T): T {
  return choose(condition, value, { Ref: 'AWS::NoValue' } as T);
}

/** One value or the other. */
export function choose<T>(condition: CfnCondition | undefined, value: T, otherwise: T): T {
  return condition === undefined ? value : (Fn.conditionIf(condition.logicalId, value, otherwise) as T);
}

export function chooseNumber(condition: CfnCondition | undefined, value: number, otherwise: number): number {
  return condition === undefined ? value : Token.asNumber(choose<number>(condition, value, otherwise));
}

export function chooseString(condition: CfnCondition | undefined, value: string): string {
  return condition === undefined ? value : Token.asString(when(condition, value));
}

/** Puts all resources of a construct under the condition. */
export function onlyWhen(condition: CfnCondition | undefined, construct: IConstruct): void {
  if (condition === undefined) return;
  for (const child of construct.node.findAll()) {
    if (CfnResource.isCfnResource(child)) child.cfnOptions.condition = condition;
  }
}
