# Reads and writes objects with an encryption client of AWS's SDK for Ruby: settings['client'] is EncryptionV2 (object format V2) or
# EncryptionV3 (format V3).
#
# stdin: one JSON line of settings, then one JSON line a job. stdout: one JSON line an answer, in the same order.
require 'aws-sdk-s3'
require 'aws-sdk-kms'
require 'base64'
require 'digest'
require 'json'
require 'openssl'
require 'securerandom'

settings = JSON.parse($stdin.gets)
shared = {
  region: 'us-east-1',
  access_key_id: 'simulator',
  secret_access_key: 'simulator-secret-key',
  retry_limit: 0
}
S3 = Aws::S3::Client.new(endpoint: settings['s3'], force_path_style: true, **shared)
KMS = Aws::KMS::Client.new(endpoint: settings['kms'], **shared)

keys = {
  'kms' => { kms_key_id: settings['kmsKeyId'], kms_client: KMS, key_wrap_schema: :kms_context },
  'aes' => { encryption_key: Base64.strict_decode64(settings['aes']), key_wrap_schema: :aes_gcm },
  'rsa' => { encryption_key: OpenSSL::PKey::RSA.new(settings['rsa']), key_wrap_schema: :rsa_oaep_sha1 }
}
CLIENT = Aws::S3.const_get(settings['client'])::Client
CLIENT_OPTIONS = {
  'EncryptionV2' => { content_encryption_schema: :aes_gcm_no_padding, security_profile: :v2 },
  'EncryptionV3' => { security_profile: :v3 }
}.fetch(settings['client'])
clients = Hash.new do |made, (wrap, location)|
  made[[wrap, location]] = CLIENT.new(
    client: S3,
    **CLIENT_OPTIONS,
    envelope_location: location.to_sym,
    **keys.fetch(wrap)
  )
end

$stdout.sync = true
while (line = $stdin.gets)
  job = JSON.parse(line)
  begin
    client = clients[[job['wrap'], job['location'] || 'metadata']]
    parameters = { bucket: settings['bucket'], key: job['key'] }
    parameters[:kms_encryption_context] = job['context'] if job['context']
    if job['bytes']
      body = SecureRandom.random_bytes(job['bytes'])
      client.put_object(body: body, **parameters)
    else
      # older packages of the KMS client do not know the parameter that names the key of a Decrypt call
      parameters[:kms_allow_decrypt_with_any_cmk] = true if job['wrap'] == 'kms'
      body = client.get_object(**parameters).body.read
    end
    puts JSON.generate(sha256: Digest::SHA256.hexdigest(body))
  rescue StandardError => e
    puts JSON.generate(error: "#{e.class}: #{e.message}"[0, 300])
  end
end
