// Checks what a log says with Go's own packages (golang.org/x/mod/sumdb/note and tlog), and nothing of ours.
// Never with TileHashReader: before x/mod 0.40 it leaves tiles unchecked (CVE-2026-56865).
//
//	verify proofs VKEY < JSON lines        one verdict a line: ok or why not
//	verify log VKEY DIR                    recomputes a log from its entries, and compares every checkpoint
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type claim struct {
	Kind  string   `json:"kind"`
	Note  string   `json:"note"`
	Entry string   `json:"entry"`
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	From  int64    `json:"from"`
	Root  string   `json:"root"`
	Old   string   `json:"old"`
	Path  []string `json:"path"`
	// of a witness, and its name: cosignature/v1, which note has no verifier for
	Witness string `json:"witness"`
	Key     string `json:"key"`
}

// Checks cosignatures of C2SP tlog-cosignature as note.Open wants it.
type cosigner struct {
	name string
	key  []byte
}

func (c cosigner) Name() string { return c.name }

func (c cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.key...))
	return binary.BigEndian.Uint32(sum[:])
}

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(ed25519.PublicKey(c.key), []byte(text), sig[8:])
}

func hash(text string) (h tlog.Hash, err error) {
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(bytes) != len(h) {
		err = fmt.Errorf("a hash of %d bytes", len(bytes))
	}
	copy(h[:], bytes)
	return h, err
}

func check(c claim, verifiers note.Verifiers) error {
	if c.Kind == "note" {
		_, err := note.Open([]byte(c.Note), verifiers)
		return err
	}
	if c.Kind == "cosigned" {
		key, err := base64.StdEncoding.DecodeString(c.Key)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return fmt.Errorf("no key of a witness")
		}
		_, err = note.Open([]byte(c.Note), note.VerifierList(cosigner{c.Witness, key}))
		return err
	}
	root, err := hash(c.Root)
	if err != nil {
		return err
	}
	path := []tlog.Hash{}
	for _, text := range c.Path {
		h, err := hash(text)
		if err != nil {
			return err
		}
		path = append(path, h)
	}
	if c.Kind == "inclusion" {
		entry, err := base64.StdEncoding.DecodeString(c.Entry)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(tlog.RecordProof(path), c.Size, root, c.Index, tlog.RecordHash(entry))
	}
	old, err := hash(c.Old)
	if err != nil {
		return err
	}
	return tlog.CheckTree(tlog.TreeProof(path), c.Size, root, c.From, old)
}

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		out[i] = m[index]
	}
	return out, nil
}

func die(err error) {
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
}

// Of each bundle the widest, in the order of the log.
func entries(dir string) ([][]byte, error) {
	widest := map[int64]string{}
	widths := map[int64]int{}
	root := filepath.Join(dir, "tile", "entries")
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || strings.HasSuffix(path, ".metadata.json") {
			return err
		}
		name := strings.ReplaceAll(strings.TrimPrefix(path, root+"/"), "/", "")
		width := 256
		if at := strings.Index(name, ".p"); at >= 0 {
			width, _ = strconv.Atoi(name[at+2:])
			name = name[:at]
		}
		index, err := strconv.ParseInt(strings.ReplaceAll(name, "x", ""), 10, 64)
		if err == nil && width > widths[index] {
			widths[index], widest[index] = width, path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	order := []int64{}
	for index := range widest {
		order = append(order, index)
	}
	sort.Slice(order, func(a, b int) bool { return order[a] < order[b] })
	all := [][]byte{}
	for _, index := range order {
		bytes, err := os.ReadFile(widest[index])
		if err != nil {
			return nil, err
		}
		for len(bytes) >= 2 {
			length := int(binary.BigEndian.Uint16(bytes))
			if len(bytes) < 2+length {
				return nil, fmt.Errorf("bundle %d is cut", index)
			}
			all, bytes = append(all, bytes[2:2+length]), bytes[2+length:]
		}
	}
	return all, nil
}

func main() {
	verifier, err := note.NewVerifier(os.Args[2])
	die(err)
	verifiers := note.VerifierList(verifier)
	if os.Args[1] == "proofs" {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(make([]byte, 1<<20), 1<<20)
		out := bufio.NewWriter(os.Stdout)
		defer out.Flush()
		for lines.Scan() {
			var c claim
			err := json.Unmarshal(lines.Bytes(), &c)
			if err == nil {
				err = check(c, verifiers)
			}
			if err == nil {
				fmt.Fprintln(out, "ok")
			} else {
				fmt.Fprintln(out, "refused:", strings.ReplaceAll(err.Error(), "\n", " "))
			}
		}
		die(lines.Err())
		return
	}
	dir := os.Args[3]
	all, err := entries(dir)
	die(err)
	stored := memory{}
	for index, entry := range all {
		hashes, err := tlog.StoredHashes(int64(index), entry, stored)
		die(err)
		stored = append(stored, hashes...)
	}
	notes, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*.note"))
	die(err)
	for _, path := range notes {
		text, err := os.ReadFile(path)
		die(err)
		opened, err := note.Open(text, verifiers)
		die(err)
		lines := strings.Split(opened.Text, "\n")
		size, err := strconv.ParseInt(lines[1], 10, 64)
		die(err)
		if size > int64(len(all)) {
			die(fmt.Errorf("entries missing from %d although a checkpoint of size %d is signed", len(all), size))
		}
		root, err := tlog.TreeHash(size, stored)
		die(err)
		if lines[2] != base64.StdEncoding.EncodeToString(root[:]) {
			die(fmt.Errorf("%s: the entries do not make the root that this checkpoint states", path))
		}
	}
	fmt.Printf("OK: %d entries, %d signed roots reproduced\n", len(all), len(notes))
}
