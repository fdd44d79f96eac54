# python3 verify-log.py DIR       DIR is proof/{organizationId}; Python's standard library, nothing else
# Recomputes the log from its entries, and compares it with every checkpoint. Signatures: verify-proof.sh, or Go's note package.
import base64, glob, hashlib, os, re, struct, sys

sha = lambda data: hashlib.sha256(data).digest()
bundles = {}
for path in glob.glob(os.path.join(sys.argv[1], "tile/entries/**"), recursive=True):
    found = re.fullmatch(r".*/tile/entries/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?", path.replace(os.sep, "/"))
    if found and os.path.isfile(path):
        index, width = int(found[1].replace("x", "").replace("/", "")), int(found[2] or 256)
        bundles[index] = max(bundles.get(index, (0, "")), (width, path))
leaves = []
for index in sorted(bundles):
    data, at = open(bundles[index][1], "rb").read(), 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        leaves.append(sha(b"\0" + data[at + 2 : at + 2 + length]))
        at += 2 + length
sizes = {}
for path in glob.glob(os.path.join(sys.argv[1], "checkpoints/*.note")):
    origin, size, root = open(path, encoding="utf-8").read().split("\n")[:3]
    sizes[int(size)] = (root, path)
stack, count = [], 0  # roots of complete subtrees, with their sizes


def root_now():
    if not stack:
        return sha(b"")
    right = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        right = sha(b"\1" + left + right)
    return right


for count, leaf in enumerate(leaves, 1):
    stack.append((1, leaf))
    while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
        (size, right), (_, left) = stack.pop(), stack.pop()
        stack.append((2 * size, sha(b"\1" + left + right)))
    if count in sizes and base64.b64encode(root_now()).decode() != sizes[count][0]:
        sys.exit(f"FAIL: {sizes[count][1]}: the entries do not make the root that this checkpoint states")
for size, (_, path) in sizes.items():
    if size > count:
        sys.exit(f"FAIL: {path}: entries are missing from {count}")
print(f"OK: {count} entries, {len(sizes)} roots reproduced")
