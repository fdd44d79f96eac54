// Reads objects with the encryption client of AWS's SDK for Go (object format V2).
//
// stdin: one JSON line of settings, then one JSON line a job. stdout: one JSON line an answer, in the same order.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kms"
	"github.com/aws/aws-sdk-go/service/s3"
	"github.com/aws/aws-sdk-go/service/s3/s3crypto"
)

type settings struct{ S3, Kms, Bucket string }

func main() {
	in := bufio.NewReader(os.Stdin)
	var given settings
	line, err := in.ReadBytes('\n')
	check(err)
	check(json.Unmarshal(line, &given))
	base := aws.NewConfig().WithRegion("us-east-1").WithMaxRetries(0).WithS3ForcePathStyle(true).
		WithCredentials(credentials.NewStaticCredentials("simulator", "simulator-secret-key", ""))
	keys := kms.New(session.Must(session.NewSession(base.Copy().WithEndpoint(given.Kms))))
	objects := session.Must(session.NewSession(base.Copy().WithEndpoint(given.S3)))
	registry := s3crypto.NewCryptoRegistry()
	check(s3crypto.RegisterKMSContextWrapWithAnyCMK(registry, keys))
	check(s3crypto.RegisterAESGCMContentCipher(registry))
	metadata, err := s3crypto.NewDecryptionClientV2(objects, registry)
	check(err)
	instruction, err := s3crypto.NewDecryptionClientV2(objects, registry, func(options *s3crypto.DecryptionClientOptions) {
		options.LoadStrategy = s3crypto.S3LoadStrategy{Client: s3.New(objects)}
	})
	check(err)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		check(err)
		var asked struct {
			Key         string
			Instruction bool
		}
		check(json.Unmarshal(line, &asked))
		reader := metadata
		if asked.Instruction {
			reader = instruction
		}
		check(out.Encode(answer(reader, given.Bucket, asked.Key)))
	}
}

func answer(client *s3crypto.DecryptionClientV2, bucket, key string) map[string]string {
	object, err := client.GetObject(&s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	defer object.Body.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, object.Body); err != nil {
		return map[string]string{"error": err.Error()}
	}
	return map[string]string{"sha256": hex.EncodeToString(digest.Sum(nil))}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
