package plugin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

const mask = "***"

// A shorter text may occur in ordinary words, where masking would reveal it.
const minMaskedBytes = 6

// redact replaces each secret in the text, plain, percent-encoded, escaped as in JSON and in Base64, by "***".
func redact(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		if len(secret) < minMaskedBytes {
			continue
		}
		escaped, _ := json.Marshal(secret)
		forms = append(forms, secret, percentEncoded(secret), strings.Trim(string(escaped), `"`))
		forms = append(forms, base64Forms(secret)...)
	}
	sort.Slice(forms, func(i, j int) bool { return len(forms[i]) > len(forms[j]) })
	for _, form := range forms {
		if form != "" {
			text = strings.ReplaceAll(text, form, mask)
		}
	}
	return text
}

func percentEncoded(text string) string {
	var out strings.Builder
	for _, b := range []byte(text) {
		if 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("-_.~", b) >= 0 {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}

// base64Forms returns the Base64 digits that depend on the text alone, for each of the three alignments in a longer text.
func base64Forms(text string) []string {
	var forms []string
	for offset, start := range []int{0, 2, 3} {
		data := append(make([]byte, offset), text...)
		encoded := base64.StdEncoding.EncodeToString(data)
		// The last digits depend on what follows the text.
		if end := len(data) * 8 / 6; end-start >= minMaskedBytes {
			form := encoded[start:end]
			forms = append(forms, form, strings.NewReplacer("+", "-", "/", "_").Replace(form))
		}
	}
	return forms
}
