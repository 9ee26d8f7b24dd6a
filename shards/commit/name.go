package commit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// name identifies one distributed transaction. Printed it is the decision
// row's key, "wye:CLUSTER:DECIDER:EPOCHMS:HASH"; with ":SHARD" behind, it is
// the gid of what is prepared on that shard, so that shards which are
// databases of one server do not collide.
type name struct {
	cluster string // escaped
	decider int
	epoch   int64  // when it was made, in ms, by the proxy's clock
	hash    string // of the secret: who reads a gid cannot decide for it
}

const (
	hashDigits = 32
	maxCluster = 100 // escaped; the gid's limit is 200 (GIDSIZE)
	maxShard   = 63
)

func (n name) String() string {
	return fmt.Sprintf("wye:%s:%d:%d:%s", n.cluster, n.decider, n.epoch, n.hash)
}

func (n name) gid(shard int) string { return n.String() + ":" + strconv.Itoa(shard) }

func prefix(cluster string) string { return "wye:" + cluster + ":" }

// newName makes a name and the secret that its decision row asks for.
func newName(cluster string, decider int, now time.Time, random func() uint64) (n name, secret string) {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], random())
	binary.BigEndian.PutUint64(b[8:], random())
	secret = hex.EncodeToString(b[:])
	return name{cluster: cluster, decider: decider, epoch: now.UnixMilli(), hash: hashOf(secret)}, secret
}

// hashOf is what wye.decide computes of the secret's text.
func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])[:hashDigits]
}

// parseGID reads the gid of a prepared transaction; ok is false for those
// that are not made by this package. What it accepts needs no quoting in SQL.
func parseGID(gid string) (n name, shard int, ok bool) {
	parts := strings.Split(gid, ":")
	if len(gid) > 200 || len(parts) != 6 || parts[0] != "wye" {
		return name{}, 0, false
	}
	n.cluster, n.hash = parts[1], parts[4]
	var errs [3]error
	n.decider, errs[0] = strconv.Atoi(parts[2])
	n.epoch, errs[1] = strconv.ParseInt(parts[3], 10, 64)
	shard, errs[2] = strconv.Atoi(parts[5])
	ok = errs == [3]error{} && n.cluster != "" && len(n.cluster) <= maxCluster && len(n.hash) == hashDigits &&
		n.decider <= maxShard && shard <= maxShard &&
		escape(n.cluster, "%") == n.cluster && strings.Trim(n.hash, "0123456789abcdef") == "" &&
		n.gid(shard) == gid // no other spelling of a number
	return n, shard, ok && n.decider >= 0 && n.epoch >= 0 && shard >= 0
}

// escape writes all but letters, digits, dash, underline, dot and what is in
// also as %XX.
func escape(s, also string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_."+also, c) >= 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// escapeCluster is the cluster's name as gids have it.
func escapeCluster(cluster string) (string, error) {
	e := escape(cluster, "")
	if e == "" || len(e) > maxCluster {
		return "", fmt.Errorf("cluster name %q: want 1 to %d bytes, of which those that are not letters, digits, '-', '_' or '.' count three times", cluster, maxCluster)
	}
	return e, nil
}
