"""A second reader of all three formats, written from the specification on python3-cryptography.

stdin: one JSON line of settings, then one JSON line a job, which names a file with the body and gives the metadata. stdout: one
JSON line an answer, in the same order.
"""

import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE = b"\x00\x73"


def unwrap(settings, wrap, wrapped, algorithm):
    if wrap in ("AES/GCM", "02"):
        key = base64.b64decode(settings["aes"])
        return AESGCM(key).decrypt(wrapped[:12], wrapped[12:], algorithm)
    private = serialization.load_pem_private_key(settings["rsa"].encode(), None)
    sha1 = hashes.SHA1()
    message = private.decrypt(wrapped, padding.OAEP(padding.MGF1(sha1), sha1, None))
    assert message[0] == 32 and message[33:] == algorithm
    return message[1:33]


def derive(data_key, message_id, label, length):
    return HKDF(hashes.SHA512(), length, message_id, SUITE + label).derive(data_key)


def decrypt(settings, metadata, body):
    def value(name):
        return base64.b64decode(metadata[name], validate=True)

    if "x-amz-c" in metadata:
        assert metadata["x-amz-c"] == "115"
        data_key = unwrap(settings, metadata["x-amz-w"], value("x-amz-3"), b"115")
        message_id = value("x-amz-i")
        assert derive(data_key, message_id, b"COMMITKEY", 28) == value("x-amz-d")
        key = derive(data_key, message_id, b"DERIVEKEY", 32)
        return AESGCM(key).decrypt(b"\x01" * 12, body, SUITE)
    if "x-amz-key-v2" in metadata:
        algorithm = metadata["x-amz-cek-alg"].encode()
        key = unwrap(settings, metadata["x-amz-wrap-alg"], value("x-amz-key-v2"), algorithm)
        return AESGCM(key).decrypt(value("x-amz-iv"), body, None)
    assert metadata["encryption"] == "aes-256-gcm"
    return AESGCM(bytes.fromhex(settings["static"])).decrypt(value("iv"), body, None)


def main():
    settings = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        job = json.loads(line)
        try:
            with open(job["file"], "rb") as file:
                plaintext = decrypt(settings, job["metadata"], file.read())
            answer = {"sha256": hashlib.sha256(plaintext).hexdigest()}
        except Exception as error:
            answer = {"error": repr(error)[:300]}
        print(json.dumps(answer), flush=True)


main()
