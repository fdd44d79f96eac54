import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export type SdkCall = (...args: unknown[]) => Promise<unknown>;

/** What is used of the platform's own SDK; its declarations do not export its classes. */
export interface Sdk {
  readonly ApiClient: {
    readonly instance: {
      readonly config: { live_reload_config: boolean; setConfigPath(path: string): void };
      setGateway(gateway: { host: string; protocol: string; port: number }): void;
      setReturnExtendedResponses(extended: boolean): void;
      loginClientCredentialsGrant(clientId: string, clientSecret: string): Promise<{ accessToken: string }>;
      clearAccessToken(): void;
    };
  };
  readonly AnalyticsApi: new () => Record<string, SdkCall>;
  readonly AuthorizationApi: new () => Record<string, SdkCall>;
  readonly ConversationsApi: new () => Record<string, SdkCall>;
  readonly GeneralDataProtectionRegulationApi: new () => Record<string, SdkCall>;
  readonly OrganizationApi: new () => Record<string, SdkCall>;
  readonly QualityApi: new () => Record<string, SdkCall>;
  readonly RecordingApi: new () => Record<string, SdkCall>;
  readonly RoutingApi: new () => Record<string, SdkCall>;
  readonly SpeechTextAnalyticsApi: new () => Record<string, SdkCall>;
  readonly TokensApi: new () => Record<string, SdkCall>;
  readonly UsersApi: new () => Record<string, SdkCall>;
}

/** The SDK as published, which watches a file in the home directory unless it is told not to. */
export function loadSdk(): Sdk {
  const sdk = require('purecloud-platform-client-v2') as Sdk;
  const { config } = sdk.ApiClient.instance;
  config.live_reload_config = false;
  config.setConfigPath('');
  return sdk;
}
