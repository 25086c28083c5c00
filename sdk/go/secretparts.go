package plugin

import (
	"bytes"
	"strings"
)

const (
	// A shorter part occurs in ordinary words.
	minPartBytes = 8
	// Connection strings have one or two.
	maxParts = 16
	// Keys that name a credential; a text with more is examined no further.
	maxNamedValues = 16
	// A longer text is examined no further.
	maxExaminedBytes = 4_096
	blanks           = " \t\r\n"
)

var credentialEndings = []string{
	"password", "passwd", "pwd", "passphrase", "secret", "token", "key", "credential", "signature",
}

// secretParts returns the credentials in a secret such as postgres://user:password@host/db, as they are written and decoded.
func secretParts(secret []byte) [][]byte {
	text := secret
	if len(text) > maxExaminedBytes {
		text = text[:maxExaminedBytes]
	}
	var found [][]byte
	for _, part := range append(userInfo(text), namedValues(text)...) {
		for _, form := range [][]byte{part, percentDecoded(part)} {
			if minPartBytes <= len(form) && len(form) < len(text) && !holds(found, form) && len(found) < maxParts {
				found = append(found, form)
			}
		}
	}
	return found
}

func holds(parts [][]byte, part []byte) bool {
	for _, known := range parts {
		if bytes.Equal(known, part) {
			return true
		}
	}
	return false
}

func percentDecoded(text []byte) []byte {
	return decode(text, func(index int) ([]byte, int) { return percentStep(text, index, false) }).bytes
}

func userInfo(text []byte) [][]byte {
	rest, hasScheme := text, false
	if index := bytes.Index(text, []byte("://")); index >= 0 {
		rest, hasScheme = text[index+3:], true
	}
	authority := prefix(rest, "/?#")
	isPlain := hasScheme && bytes.IndexByte(authority, '@') >= 0
	// A password may hold a slash that should have been escaped.
	if isPlain {
		rest = authority
	}
	at := bytes.LastIndexByte(rest, '@')
	if at < 0 {
		return nil
	}
	info := rest[:at]
	if colon := bytes.IndexByte(info, ':'); colon >= 0 {
		return [][]byte{info[colon+1:]}
	}
	if isPlain {
		// A user without a password is often a token.
		return [][]byte{info}
	}
	return nil
}

// namedValues returns the values of password=... in a query or a connection string, with whichever separator.
func namedValues(text []byte) [][]byte {
	var found [][]byte
	values := 0
	for equals, b := range text {
		if values == maxNamedValues {
			break
		}
		if b != '=' || !namesCredential(text[:equals]) {
			continue
		}
		values++
		value := bytes.TrimLeft(text[equals+1:], blanks)
		switch {
		case len(value) > 0 && (value[0] == '\'' || value[0] == '"'):
			found = append(found, quoted(value)...)
		case len(value) > 0 && value[0] == '{':
			found = append(found, prefix(value[1:], "}"))
		default:
			for _, separators := range []string{";", "&#", blanks, ","} {
				found = append(found, prefix(value, separators))
			}
		}
	}
	return found
}

func prefix(text []byte, separators string) []byte {
	for index, b := range text {
		if strings.IndexByte(separators, b) >= 0 {
			return text[:index]
		}
	}
	return text
}

// quoted returns the value as written and as meant: a quote in it is doubled, or stands behind a backslash.
func quoted(value []byte) [][]byte {
	quote, index := value[0], 1
	var plain []byte
	for index < len(value) {
		hasNext := index+1 < len(value)
		if hasNext && (value[index] == '\\' || value[index] == quote && value[index+1] == quote) {
			plain = append(plain, value[index+1])
			index += 2
		} else if value[index] == quote {
			break
		} else {
			plain = append(plain, value[index])
			index++
		}
	}
	return [][]byte{value[1:index], plain}
}

// namesCredential tells whether the text ends with a key that names a credential.
func namesCredential(before []byte) bool {
	before = bytes.TrimRight(before, blanks)
	start := len(before)
	for start > 0 && (isLetterOrDigit(before[start-1]) || strings.IndexByte("_-.", before[start-1]) >= 0) {
		start--
	}
	name := strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(string(before[start:])))
	if name == "pass" || name == "sig" || name == "auth" {
		return true
	}
	for _, ending := range credentialEndings {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}
