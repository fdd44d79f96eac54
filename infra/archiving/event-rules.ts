import { type CfnCondition, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type ArchiveConditions, choose, when } from '../conditions.ts';
import { EVENT_AGE_S, EVENT_ATTEMPTS } from './sizing.ts';

/**
 * The events that end a conversation or a participant's part in it. The type has `{id}` literally; the topic in the event's detail has
 * the real id. There is no event that says a recording is ready.
 */
export const CONVERSATION_ENDS = [
  'v2.detail.events.conversation.{id}.customer.end',
  'v2.detail.events.conversation.{id}.user.end',
  'v2.detail.events.conversation.{id}.acw',
] as const;

export const PARTNER_PREFIX = 'aws.partner/genesys.com';

/** The tutorial's events; EventBridge never has them from Genesys Cloud itself, but a relay may send them. */
export const TUTORIAL_EVENTS = 'archiving:events';

export interface EventRulesProps {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;
  /** Name of the partner event source, and of its event bus. */
  readonly eventSourceName?: string | undefined;
  /** The event source is associated with an event bus already; there can be only one. */
  readonly existingEventBus: boolean;
  readonly tutorialEvents: boolean;
  readonly conditions: ArchiveConditions;
}

/** Event bus and rules. What a rule cannot deliver in a day goes to the dead letters instead of nowhere. */
export class EventRules extends Construct {
  /** None of them may exist, then nothing arrives but webhooks. */
  readonly rules: readonly events.CfnRule[];

  constructor(scope: Construct, id: string, props: EventRulesProps) {
    super(scope, id);
    const { conditions, eventSourceName, tutorialEvents } = props;
    const { account } = Stack.of(this);
    const rules: { rule: events.CfnRule; condition: CfnCondition | undefined }[] = [];
    const add = (name: string, condition: CfnCondition | undefined, settings: events.CfnRuleProps): void => {
      const rule = new events.CfnRule(this, name, { ...settings, targets: [this.#target(props)] });
      if (condition !== undefined) rule.cfnOptions.condition = condition;
      rules.push({ rule, condition });
    };

    if (eventSourceName !== undefined) {
      const relayed = tutorialEvents ? [when<string>(conditions.tutorialEvents, TUTORIAL_EVENTS)] : [];
      add('ConversationEnds', conditions.eventSource, {
        description: 'Ends of conversations in Genesys Cloud, to the queue of the archive',
        eventBusName: props.existingEventBus
          ? eventSourceName
          : this.#associate(eventSourceName, conditions.eventBus),
        eventPattern: {
          // the name of the source holds the organization, which the events themselves do not state
          source: [eventSourceName],
          account: [account],
          'detail-type': [...CONVERSATION_ENDS, ...relayed],
        },
      });
    }
    if (tutorialEvents) {
      add('TutorialEvents', conditions.tutorialEvents, {
        description: 'Finished media, as the tutorial has them, to the queue of the archive',
        eventPattern: {
          // of no other account that may put events on the bus
          account: [account],
          'detail-type': [TUTORIAL_EVENTS],
          detail: { data: { eventType: ['media'], status: ['complete'] } },
        },
      });
    }
    this.rules = rules.map(({ rule }) => rule);
    this.#admit(
      props,
      rules.map(({ rule, condition }) => choose(condition, rule.attrArn, this.#noRule())),
    );
  }

  /** Returns the name of the bus, so that what names it waits for it. */
  #associate(name: string, condition: CfnCondition | undefined): string {
    const bus = new events.CfnEventBus(this, 'PartnerBus', { name, eventSourceName: name });
    if (condition === undefined) return bus.ref;
    bus.cfnOptions.condition = condition;
    return Token.asString(choose(condition, bus.ref, name));
  }

  #target({ queue, deadLetters }: EventRulesProps): events.CfnRule.TargetProperty {
    return {
      id: 'Queue',
      arn: queue.queueArn,
      deadLetterConfig: { arn: deadLetters.queueArn },
      retryPolicy: { maximumEventAgeInSeconds: EVENT_AGE_S, maximumRetryAttempts: EVENT_ATTEMPTS },
    };
  }

  /** Exactly these rules may send to the queue, and what they cannot deliver to the dead letters. */
  #admit({ queue, deadLetters }: EventRulesProps, ruleArns: readonly string[]): void {
    if (ruleArns.length === 0) return;
    for (const target of [queue, deadLetters]) {
      target.addToResourcePolicy(
        new iam.PolicyStatement({
          sid: 'TakeFromRules',
          principals: [new iam.ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [target.queueArn],
          conditions: { ArnEquals: { 'aws:SourceArn': ruleArns } },
        }),
      );
    }
  }

  /** Stands for a rule that does not exist: a list in a policy must not be empty. */
  #noRule(): string {
    return Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: 'none' });
  }
}
