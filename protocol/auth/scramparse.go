package auth

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// bindingType is the one channel binding that PostgreSQL knows (RFC 5929).
const bindingType = "tls-server-end-point"

// clientFirst is the client-first-message of RFC 5802, section 7. Its slices
// alias the message.
type clientFirst struct {
	flag  byte   // 'n', 'y' or 'p': what the client thinks of channel binding
	bare  []byte // without the GS2 header
	nonce []byte
}

// clientFinal is the client-final-message. Its slices alias the message.
type clientFinal struct {
	binding      []byte // base64 of GS2 header and binding data
	nonce        []byte
	withoutProof []byte
	proof        [keyLen]byte
}

// parseClientFirst reads the message that opens SCRAM. plus says that the
// client chose SCRAM-SHA-256-PLUS, offered that it could have. The order of
// checks and the words are PostgreSQL's (read_client_first_message).
func parseClientFirst(message []byte, plus, offered bool) (m clientFirst, err *pgerror.Error) {
	in := attributes{message}
	m.flag = in.peek()
	switch m.flag {
	case 'n', 'y':
		if plus {
			return m, malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
		}
		if m.flag == 'y' && offered {
			return m, pgerror.Fatal(pgerror.InvalidAuthorization, "SCRAM channel binding negotiation error").WithDetail(
				"The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.")
		}
		in.rest = in.rest[1:]
		if in.peek() != ',' {
			return m, malformed("Comma expected, but found character \"%s\".", printable(in.peek()))
		}
		in.rest = in.rest[1:]
	case 'p':
		if !plus {
			return m, malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
		}
		kind, err := in.read('p')
		if err != nil {
			return m, err
		}
		if string(kind) != bindingType {
			return m, pgerror.Fatalf(pgerror.ProtocolViolation, "unsupported SCRAM channel-binding type \"%s\"", printableText(kind))
		}
	default:
		return m, malformed("Unexpected channel-binding flag \"%s\".", printable(m.flag))
	}
	if in.peek() == 'a' {
		return m, pgerror.Fatal(pgerror.FeatureNotSupported, "client uses authorization identity, but it is not supported")
	}
	if in.peek() != ',' {
		return m, malformed("Unexpected attribute \"%s\" in client-first-message.", printable(in.peek()))
	}
	m.bare = in.rest[1:]
	m.nonce, err = parseBare(m.bare)
	return m, err
}

// parseBare reads client-first-message-bare and returns the nonce. The user
// name is ignored: the one of the startup message counts, libpq sends none.
func parseBare(bare []byte) ([]byte, *pgerror.Error) {
	in := attributes{bare}
	if in.peek() == 'm' {
		return nil, pgerror.Fatal(pgerror.FeatureNotSupported, "client requires an unsupported SCRAM extension")
	}
	if _, err := in.read('n'); err != nil {
		return nil, err
	}
	nonce, err := in.read('r')
	if err != nil {
		return nil, err
	}
	for _, c := range nonce {
		if c < 0x21 || c > 0x7E {
			return nil, pgerror.Fatal(pgerror.ProtocolViolation, "non-printable characters in SCRAM nonce")
		}
	}
	for len(in.rest) > 0 {
		if _, _, err := in.readAny(); err != nil {
			return nil, err
		}
	}
	return nonce, nil
}

// parseClientFinal reads the message with the proof. Optional extensions
// before the proof are skipped, as in PostgreSQL.
func parseClientFinal(message []byte) (m clientFinal, err *pgerror.Error) {
	in := attributes{message}
	if m.binding, err = in.read('c'); err != nil {
		return m, err
	}
	if m.nonce, err = in.read('r'); err != nil {
		return m, err
	}
	for {
		begin := len(message) - len(in.rest)
		attr, value, err := in.readAny()
		if err != nil {
			return m, err
		}
		if attr != 'p' {
			continue
		}
		m.withoutProof = message[:begin-1]
		if !decodeKey(&m.proof, string(value)) {
			return m, malformed("Malformed proof in client-final-message.")
		}
		if len(in.rest) > 0 {
			return m, malformed("Garbage found at the end of client-final-message.")
		}
		return m, nil
	}
}

// attributes reads "a=value,b=value".
type attributes struct{ rest []byte }

// peek returns the next byte, 0 at the end: messages hold no zero byte.
func (in *attributes) peek() byte {
	if len(in.rest) == 0 {
		return 0
	}
	return in.rest[0]
}

func (in *attributes) read(attr byte) ([]byte, *pgerror.Error) {
	if in.peek() != attr {
		return nil, malformed("Expected attribute \"%c\" but found \"%s\".", attr, printable(in.peek()))
	}
	return in.value(attr)
}

func (in *attributes) readAny() (byte, []byte, *pgerror.Error) {
	attr := in.peek()
	if attr == 0 {
		return 0, nil, malformed("Attribute expected, but found end of string.")
	}
	if lower := attr | 0x20; lower < 'a' || lower > 'z' {
		return 0, nil, malformed("Attribute expected, but found invalid character \"%s\".", printable(attr))
	}
	value, err := in.value(attr)
	return attr, value, err
}

func (in *attributes) value(attr byte) ([]byte, *pgerror.Error) {
	in.rest = in.rest[1:]
	if in.peek() != '=' {
		return nil, malformed("Expected character \"=\" for attribute \"%c\".", attr)
	}
	value, rest, _ := bytes.Cut(in.rest[1:], []byte{','})
	in.rest = rest
	return value, nil
}

func malformed(format string, args ...any) *pgerror.Error {
	return pgerror.Fatal(pgerror.ProtocolViolation, "malformed SCRAM message").WithDetail(fmt.Sprintf(format, args...))
}

// printable shows one byte of a stranger in an error message.
func printable(c byte) string {
	if c >= 0x21 && c <= 0x7E {
		return "'" + string(rune(c)) + "'"
	}
	return fmt.Sprintf("0x%02x", c)
}

// printableText shows at most 30 bytes of a stranger in an error message.
func printableText(s []byte) string {
	s = bytes.Clone(s[:min(len(s), 30)])
	for i, c := range s {
		if c < 0x21 || c > 0x7E {
			s[i] = '?'
		}
	}
	return string(s)
}

// bindingInput is what the c= attribute of a bound exchange must say.
func bindingInput(hash []byte) string {
	return base64.StdEncoding.EncodeToString(append([]byte("p="+bindingType+",,"), hash...))
}
