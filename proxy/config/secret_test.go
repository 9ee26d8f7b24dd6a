package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSecretNeverPrints(t *testing.T) {
	user := User{Name: "app", Password: hunter}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T", "%b", "%10.3s", "%!"} {
		fmt.Fprintf(&out, verb+"\n", user.Password)
		fmt.Fprintf(&out, verb+"\n", user)
		fmt.Fprintf(&out, verb+"\n", &user)
		fmt.Fprintf(&out, verb+"\n", []any{user.Password, map[Secret]Secret{user.Password: user.Password}})
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("login", "password", user.Password, "user", user, "at", &user)
	}
	enc, err := json.Marshal(user)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(enc)
	if enc, err = yaml.Marshal(user); err != nil {
		t.Fatal(err)
	}
	out.Write(enc)
	noSecret(t, out.Bytes())
	if !bytes.Contains(out.Bytes(), []byte(Mask)) {
		t.Errorf("no mask is printed either:\n%s", out.Bytes())
	}
	if user.Password.Reveal() != hunter || Secret("").String() != "" {
		t.Error("Reveal or an empty Secret is wrong")
	}
}

func TestPasswordKind(t *testing.T) {
	verifier := "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	for _, c := range []struct {
		secret Secret
		kind   PasswordKind
		whole  bool
	}{
		{"", PasswordNone, false},
		{"hunter2", PasswordPlain, false},
		{"md5d8578edf8458ce06fbc5bb76a58c5ca4", PasswordMD5, false},
		{"md5 is how I like it", PasswordPlain, false},
		{Secret(verifier), PasswordSCRAM, true},
		{Secret(verifier[:len(verifier)-4]), PasswordSCRAM, false},
		{"SCRAM-SHA-256$0:W22ZaJ0SNY7soEsUEjb6gQ==$YWJj:YWJj", PasswordSCRAM, false},
		{"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$YWJj:YWJj", PasswordSCRAM, false},
	} {
		if got := c.secret.Kind(); got != c.kind {
			t.Errorf("%q is of kind %d, not %d", c.secret.Reveal(), got, c.kind)
		}
		if got := goodVerifier(c.secret.Reveal()); got != c.whole {
			t.Errorf("%q: a whole verifier: %v", c.secret.Reveal(), got)
		}
	}
}
