import type { ReadableWrapAlgorithm } from '../../envelope/key-wrap.ts';

/** What other people's clients have to be told of an object. */
export interface ForeignReading {
  readonly bucket: string;
  /** Within the bucket. */
  readonly key: string;
  readonly format: 's3ec-v2' | 's3ec-v3';
  readonly placement: 'metadata' | 'instruction';
  readonly wrap: ReadableWrapAlgorithm;
  /** As a caller supplies it; with a KMS wrap only. */
  readonly context: Readonly<Record<string, string>>;
}

export interface Snippet {
  readonly title: string;
  readonly code: string;
}

/**
 * Code that reads the object with AWS's own encryption clients, where they have the wrap. They refuse objects that do not commit to
 * their key (format V2) unless they are told to allow it.
 */
export function clientSnippets(object: ForeignReading): Snippet[] {
  switch (object.wrap) {
    case 'kms+context':
      return kmsSnippets(object);
    case 'AES/GCM':
      return aesSnippets(object);
    case 'RSA-OAEP-SHA1':
      return rsaSnippets(object);
    case 'kms':
      // each client has a legacy mode of its own, and none of our objects needs one
      return [];
  }
}

const JAVA = 'Java, amazon-s3-encryption-client-java 4';
const GO = 'Go, amazon-s3-encryption-client-go 4';
const DOTNET = '.NET, Amazon.Extensions.S3.Encryption 4';
const PYTHON = 'Python, amazon-s3-encryption-client-python 4';
const RUBY = 'Ruby, aws-sdk-s3 (EncryptionV3)';
const PHP = 'PHP, aws-sdk-php (S3EncryptionClientV3)';
const CPP = 'C++, aws-sdk-cpp s3-encryption (S3EncryptionClientV3)';

/** JSON strings are strings of all these languages, for keys and contexts hold only letters, digits and `._:/@=+-`. */
const text = (value: string) => JSON.stringify(value);
const single = (value: string) => `'${value}'`;

const policies = ({ format }: ForeignReading) =>
  format === 's3ec-v3'
    ? { upper: 'REQUIRE_ENCRYPT_REQUIRE_DECRYPT', camel: 'RequireEncryptRequireDecrypt' }
    : { upper: 'REQUIRE_ENCRYPT_ALLOW_DECRYPT', camel: 'RequireEncryptAllowDecrypt' };

function java(object: ForeignReading, key: string): Snippet {
  const { bucket, key: name, context, wrap } = object;
  const entries = Object.entries(context).map(([one, value]) => `${text(one)}, ${text(value)}`);
  const override =
    wrap === 'kms+context'
      ? `\n    .overrideConfiguration(S3EncryptionClient.withAdditionalConfiguration(Map.of(\n        ${entries.join(',\n        ')})))`
      : '';
  return {
    title: JAVA,
    code: `S3Client s3 = S3EncryptionClient.builderV4().${key}
    .commitmentPolicy(CommitmentPolicy.${policies(object).upper}).build();
byte[] recording = s3.getObjectAsBytes(request -> request
    .bucket(${text(bucket)})
    .key(${text(name)})${override}).asByteArray();`,
  };
}

function ruby(object: ForeignReading, keys: string): Snippet {
  const { bucket, key, context, wrap } = object;
  const entries = Object.entries(context).map(([one, value]) => `${single(one)} => ${single(value)}`);
  const given =
    wrap === 'kms+context' ? `,\n  kms_encryption_context: {\n    ${entries.join(',\n    ')} }` : '';
  return {
    title: RUBY,
    code: `client = Aws::S3::EncryptionV3::Client.new(
  ${keys},
  commitment_policy: :${policies(object).upper.toLowerCase()})
recording = client.get_object(
  bucket: ${single(bucket)}, key: ${single(key)}${given}).body.read`,
  };
}

function dotnet(object: ForeignReading, materials: string): Snippet {
  const { bucket, key, placement } = object;
  const storage = placement === 'instruction' ? ' { StorageMode = CryptoStorageMode.InstructionFile }' : '';
  return {
    title: DOTNET,
    code: `${materials}
var configuration = new AmazonS3CryptoConfigurationV4(SecurityProfile.V4,
    CommitmentPolicy.${policies(object).camel}, ContentEncryptionAlgorithm.AesGcmWithCommitment)${storage};
var s3 = new AmazonS3EncryptionClientV4(configuration, materials);
var answer = await s3.GetObjectAsync(${text(bucket)}, ${text(key)});`,
  };
}

function kmsSnippets(object: ForeignReading): Snippet[] {
  const { bucket, key, context, placement } = object;
  const { upper } = policies(object);
  const entries = Object.entries(context);
  const csharp = entries.map(([name, value]) => `[${text(name)}] = ${text(value)}`).join(', ');
  const php = entries.map(([name, value]) => `${single(name)} => ${single(value)}`).join(', ');
  const strategy =
    placement === 'instruction'
      ? "\n    '@MetadataStrategy' => new Aws\\S3\\Crypto\\InstructionFileMetadataStrategy($s3),"
      : '';
  return [
    java(object, 'kmsKeyId(kmsKeyId)'),
    {
      title: GO,
      code: `keyring := materials.NewKmsKeyring(kms.NewFromConfig(config), kmsKeyID)
manager, err := materials.NewCryptographicMaterialsManager(keyring)
s3ec, err := client.New(s3.NewFromConfig(config), manager, func(o *client.EncryptionClientOptions) {
    o.CommitmentPolicy = commitment.${upper}
})
answer, err := s3ec.GetObject(ctx, &s3.GetObjectInput{
    Bucket: aws.String(${text(bucket)}), Key: aws.String(${text(key)})})`,
    },
    dotnet(
      object,
      `var context = new Dictionary<string, string> { ${csharp} };
var materials = new EncryptionMaterialsV4(kmsKeyId, KmsType.KmsContext, context);`,
    ),
    {
      title: PYTHON,
      code: `keyring = KmsKeyring(boto3.client("kms"), kms_key_id)
config = S3EncryptionClientConfig(keyring, commitment_policy=CommitmentPolicy.${upper})
recording = S3EncryptionClient(boto3.client("s3"), config).get_object(
    Bucket=${text(bucket)}, Key=${text(key)},
    EncryptionContext=${JSON.stringify(context)})["Body"].read()`,
    },
    ruby(object, 'kms_key_id: kms_key_id, key_wrap_schema: :kms_context'),
    {
      title: CPP,
      code: `auto materials = Aws::MakeShared<KMSWithContextEncryptionMaterials>("archive", kmsKeyId);
CryptoConfigurationV3 configuration(materials);
configuration.SetCommitmentPolicy(CommitmentPolicy::${upper});
S3EncryptionClientV3 s3(configuration);
auto answer = s3.GetObject(GetObjectRequest().WithBucket(${text(bucket)}).WithKey(${text(key)}));`,
    },
    {
      title: PHP,
      code: `$s3 = new Aws\\S3\\S3Client(['region' => $region]);
$keys = new Aws\\Crypto\\KmsMaterialsProviderV3(new Aws\\Kms\\KmsClient(['region' => $region]), $kmsKeyId);
$answer = (new Aws\\S3\\Crypto\\S3EncryptionClientV3($s3))->getObject([
    'Bucket' => ${single(bucket)}, 'Key' => ${single(key)},
    '@MaterialsProvider' => $keys, '@SecurityProfile' => 'V3', '@CommitmentPolicy' => '${upper}',${strategy}
    '@KmsEncryptionContext' => [${php}],
]);`,
    },
  ];
}

/** The Go, Python and PHP clients have KMS only. `wrappingKey` is the 32 bytes of the key the object names. */
function aesSnippets(object: ForeignReading): Snippet[] {
  return [
    java(object, 'aesKey(new SecretKeySpec(wrappingKey, "AES"))'),
    dotnet(
      object,
      'var aes = Aes.Create();\naes.Key = wrappingKey;\nvar materials = new EncryptionMaterialsV4(aes, SymmetricAlgorithmType.AesGcm);',
    ),
    ruby(object, 'encryption_key: wrapping_key, key_wrap_schema: :aes_gcm'),
  ];
}

function rsaSnippets(object: ForeignReading): Snippet[] {
  return [
    java(object, 'rsaKeyPair(keyPair)'),
    dotnet(
      object,
      'var rsa = RSA.Create();\nrsa.ImportFromPem(File.ReadAllText("private.pem"));\nvar materials = new EncryptionMaterialsV4(rsa, AsymmetricAlgorithmType.RsaOaepSha1);',
    ),
    ruby(
      object,
      "encryption_key: OpenSSL::PKey::RSA.new(File.read('private.pem')), key_wrap_schema: :rsa_oaep_sha1",
    ),
  ];
}
