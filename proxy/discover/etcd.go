package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Etcd lists the values below a key prefix, one server each: a line as in a
// File, or the JSON that etcd's own gRPC naming writes ({"Addr": "host:port"}).
// Servers that register with a lease vanish when it ends. It speaks the JSON
// form of the v3 API, which every etcd since 3.4 serves at /v3.
type Etcd struct {
	URLs           []string // of members, tried in turn
	Prefix         string
	User, Password string       // "" is none
	Client         *http.Client // nil: http.DefaultClient; without a Timeout of its own
	Again          time.Duration
}

// etcdAgain is how long one watch is listened to before everything is listed
// anew: a connection that died silently is found after this, at the latest.
const etcdAgain = 30 * time.Second

// Messages of the v3 API (rpc.proto); bytes are base64, as encoding/json does
// []byte, and 64-bit numbers are strings.
type (
	etcdRange struct {
		Key      []byte `json:"key"`
		RangeEnd []byte `json:"range_end"`
	}
	etcdHeader struct {
		Revision int64 `json:"revision,string"`
	}
	etcdPair struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}
	etcdListed struct {
		Header etcdHeader `json:"header"`
		Kvs    []etcdPair `json:"kvs"`
	}
	etcdWatch struct {
		etcdRange
		StartRevision int64 `json:"start_revision,string"`
	}
	etcdCreate struct {
		Create etcdWatch `json:"create_request"`
	}
	etcdHeard struct {
		Result struct {
			Canceled     bool   `json:"canceled"`
			CancelReason string `json:"cancel_reason"`
			Events       []struct{}
		} `json:"result"`
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
)

// Watch implements Source: list, wait for a change after that revision, list
// again. No change is missed, for a watch tells those since its revision too.
func (e Etcd) Watch(ctx context.Context, found func([]upstream.Target)) error {
	var errs []error
	for _, url := range e.URLs {
		m := etcdMember{Etcd: e, url: strings.TrimSuffix(url, "/")}
		errs = append(errs, m.watch(ctx, found))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.Join(errs...)
}

// etcdMember is a conversation with one member.
type etcdMember struct {
	Etcd
	url   string
	token string
}

// watch returns when this member fails.
func (m *etcdMember) watch(ctx context.Context, found func([]upstream.Target)) error {
	if err := m.login(ctx); err != nil {
		return fmt.Errorf("etcd %s: %w", m.url, err)
	}
	for {
		list, revision, err := m.list(ctx)
		if err == nil {
			found(list)
			err = m.change(ctx, revision)
		}
		if err != nil {
			return fmt.Errorf("etcd %s: %w", m.url, err)
		}
	}
}

func (m *etcdMember) login(ctx context.Context) error {
	if m.User == "" {
		return nil
	}
	var answer struct {
		Token string `json:"token"`
	}
	ask := struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}{m.User, m.Password}
	err := m.call(ctx, "/v3/auth/authenticate", ask, &answer)
	m.token = answer.Token
	return err
}

func (m *etcdMember) list(ctx context.Context) ([]upstream.Target, int64, error) {
	var answer etcdListed
	if err := m.call(ctx, "/v3/kv/range", m.keys(), &answer); err != nil {
		return nil, 0, err
	}
	list := make([]upstream.Target, 0, len(answer.Kvs))
	for _, kv := range answer.Kvs {
		t, err := parseValue(kv.Value)
		if err != nil {
			return nil, 0, fmt.Errorf("key %s: %w", kv.Key, err)
		}
		list = append(list, t)
	}
	return list, answer.Header.Revision, nil
}

func (m *etcdMember) keys() etcdRange {
	return etcdRange{Key: []byte(m.Prefix), RangeEnd: after(m.Prefix)}
}

// after is the end of the range of keys that begin with prefix (clientv3's
// GetPrefixRangeEnd): the last byte that can grow does. "\0" is the end of all.
func after(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return []byte{0}
}

// change returns when something changed after the revision, or after a while.
func (m *etcdMember) change(ctx context.Context, revision int64) error {
	bounded, stop := context.WithTimeout(ctx, or(m.Again, etcdAgain))
	defer stop()
	resp, err := m.post(bounded, "/v3/watch", etcdCreate{etcdWatch{m.keys(), revision + 1}})
	if err == nil {
		defer resp.Body.Close()
		err = heardOf(json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxAnswer)))
	}
	if ctx.Err() == nil && bounded.Err() != nil {
		return nil // its time is over
	}
	return err
}

// heardOf reads messages of a watch up to the first with events.
func heardOf(d *json.Decoder) error {
	for {
		var h etcdHeard
		if err := d.Decode(&h); err != nil {
			return err
		}
		switch {
		case h.Error != nil:
			return errors.New(h.Error.Message)
		case len(h.Result.Events) > 0:
			return nil
		case h.Result.Canceled: // compacted, or the member steps down
			return fmt.Errorf("watch ended: %s", or(h.Result.CancelReason, "compacted"))
		}
	}
}

// parseValue reads what a server registered.
func parseValue(v []byte) (upstream.Target, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(v), []byte("{")) {
		return parseLine(string(v))
	}
	var named struct{ Addr string }
	if err := json.Unmarshal(v, &named); err != nil {
		return upstream.Target{}, err
	}
	return upstream.Target{Addr: named.Addr}, checkAddr(named.Addr)
}

func (m *etcdMember) call(ctx context.Context, path string, ask, answer any) error {
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	resp, err := m.post(ctx, path, ask)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(http.MaxBytesReader(nil, resp.Body, maxAnswer)).Decode(answer)
}

// post returns a 200 answer; its body is the caller's to close.
func (m *etcdMember) post(ctx context.Context, path string, ask any) (*http.Response, error) {
	body, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if m.token != "" {
		req.Header.Set("Authorization", m.token)
	}
	resp, err := or(m.Client, http.DefaultClient).Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return resp, nil
}
