package auth

import (
	"fmt"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Method is how the configuration wants clients to prove themselves. The zero
// Method lets nobody in.
type Method uint8

const (
	MethodReject Method = iota
	MethodSCRAM         // SCRAM-SHA-256, with channel binding where it can be had
	MethodMD5           // MD5 challenge; SCRAM for users whose secret is a verifier
	MethodPlain         // the password itself, never over an open network
	MethodCert          // a client certificate that names the user
	MethodTrust         // nothing, for clients on this machine
)

var methodNames = [...]string{"reject", "scram", "md5", "plain", "cert", "trust"}

func (m Method) String() string { return methodNames[m] }

// ParseMethod reads the name of a method.
func ParseMethod(name string) (Method, error) {
	for m, known := range methodNames {
		if name == known {
			return Method(m), nil
		}
	}
	return MethodReject, fmt.Errorf("unknown method %q: want scram, md5, plain, cert, trust or reject", name)
}

// Line is how a client reached wye. The zero Line is an open network.
type Line struct {
	Unix     bool // a Unix-domain socket
	Loopback bool // TCP from a loopback address
	TLS      bool
	Cert     bool // over TLS, with a client certificate that was verified
}

// Ask is what a client is asked for.
type Ask uint8

const (
	Refuse   Ask = iota
	AskSCRAM     // a SCRAM proof
	AskMD5       // an MD5 answer
	AskPlain     // the password
	AskCert      // nothing; the certificate must name the user
	Admit        // nothing

	// The mocks ask for the same and always end as a wrong password does.
	MockSCRAM
	MockMD5
	MockPlain
)

var askNames = [...]string{"refuse", "scram", "md5", "plain", "cert", "admit", "mock scram", "mock md5", "mock plain"}

func (a Ask) String() string { return askNames[a] }

// asks says what each method asks of each kind of secret, where the line
// allows the method at all. A missing row or column is Refuse.
var asks = [...][KindSCRAM + 1]Ask{
	// A user unknown to us must look like one with a wrong password; so must
	// one whose secret cannot serve the method.
	MethodSCRAM: {KindUnknown: MockSCRAM, KindNone: MockSCRAM, KindPlain: AskSCRAM, KindMD5: MockSCRAM, KindSCRAM: AskSCRAM},
	MethodMD5:   {KindUnknown: MockMD5, KindNone: MockMD5, KindPlain: AskMD5, KindMD5: AskMD5, KindSCRAM: AskSCRAM},
	MethodPlain: {KindUnknown: MockPlain, KindNone: MockPlain, KindPlain: AskPlain, KindMD5: AskPlain, KindSCRAM: AskPlain},
	MethodCert:  {KindNone: AskCert, KindPlain: AskCert, KindMD5: AskCert, KindSCRAM: AskCert},
	MethodTrust: {KindNone: Admit, KindPlain: Admit, KindMD5: Admit, KindSCRAM: Admit},
}

// Decide is the one place where it is settled what a client is asked for. It
// is total, and what no rule allows is Refuse.
func Decide(m Method, k Kind, l Line) Ask {
	if int(m) >= len(asks) || int(k) >= len(asks[m]) || !l.allows(m) {
		return Refuse
	}
	return asks[m][k]
}

func (l Line) allows(m Method) bool {
	switch m {
	case MethodSCRAM, MethodMD5:
		return true
	case MethodPlain:
		return l.TLS || l.Unix
	case MethodCert:
		return l.TLS && l.Cert
	case MethodTrust:
		return l.Loopback || l.Unix
	}
	return false
}

// refusal is the error for a client that Decide refuses.
func refusal(m Method, l Line, user string) *pgerror.Error {
	switch {
	case m == MethodPlain && !l.allows(m):
		return pgerror.Fatal(pgerror.InvalidAuthorization, "password authentication requires an encrypted connection").
			WithHint("Connect with sslmode=require, or use the method scram.")
	case m == MethodCert && !l.allows(m):
		return pgerror.Fatal(pgerror.InvalidAuthorization, "connection requires a valid client certificate")
	case m == MethodCert:
		return certRefusal(user)
	case m == MethodTrust && !l.allows(m):
		return pgerror.Fatal(pgerror.InvalidAuthorization, "trust authentication is only for connections from this machine").
			WithHint("Connect over loopback or a Unix-domain socket, or use the method scram.")
	case m == MethodTrust:
		return pgerror.Fatalf(pgerror.InvalidAuthorization, "role \"%s\" does not exist", user)
	}
	return pgerror.Fatalf(pgerror.InvalidAuthorization, "connection rejected for user \"%s\"", user)
}
