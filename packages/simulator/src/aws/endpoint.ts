/** What every endpoint of AWS takes. */
export interface AwsEndpointOptions {
  /** Default `simulator`. */
  readonly accessKeyId?: string;
  /** Of an assumed role: a request may bear this one. @default none is known */
  readonly sessionToken?: string;
  /** Default `simulator-secret-key`. */
  readonly secretAccessKey?: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Epoch ms; default the system's clock. */
  readonly now?: () => number;
}
