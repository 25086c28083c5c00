package plugin

import (
	"bytes"
	"encoding/base64"
	"sort"
	"strconv"
	"unicode/utf16"
)

const mask = "***"

const (
	// A shorter text may occur in ordinary words, where masking would reveal it.
	minMaskedBytes = 6
	// Shorter lines of a secret of several lines are not masked on their own.
	minLineBytes = 8
	maxLines     = 256
)

// A pattern is what gives a secret away where it stands in a text.
type pattern struct {
	bytes    []byte
	isBase64 bool
}

// A decoded text, with the position of each of its bytes in the encoded text.
type decoded struct {
	bytes   []byte
	origins []int
}

// redact replaces each secret in the text by "***": plain, percent-encoded, escaped as in JSON, and in Base64. Of a secret
// that is a URL or a connection string, the password in it is a secret too; of one of several lines, each line.
func redact(text string, secrets []string) string {
	var patterns []pattern
	for _, secret := range secrets {
		if len(secret) >= minMaskedBytes {
			for _, known := range append([][]byte{[]byte(secret)}, secretParts([]byte(secret))...) {
				patterns = append(patterns, patternsOf(known)...)
			}
		}
	}
	if len(patterns) == 0 {
		return text
	}
	data := []byte(text)
	var hits [][2]int
	for _, decoding := range decodings(data) {
		hits = append(hits, decoding.hits(patterns)...)
	}
	sort.Slice(hits, func(i, j int) bool {
		return hits[i][0] < hits[j][0] || hits[i][0] == hits[j][0] && hits[i][1] < hits[j][1]
	})
	var result []byte
	end := 0
	for _, hit := range hits {
		if hit[0] >= end {
			result = append(append(result, data[end:hit[0]]...), mask...)
		}
		if hit[1] > end {
			end = hit[1]
		}
	}
	return string(append(result, data[end:]...))
}

func patternsOf(secret []byte) []pattern {
	patterns := []pattern{{secret, false}}
	if lines := linesOf(secret); len(lines) > 1 {
		for _, line := range lines {
			if len(line) >= minLineBytes {
				patterns = append(patterns, pattern{line, false})
			}
		}
	}
	// The Base64 digits that depend on the secret alone, for each of the three places where it can begin in a longer text.
	for offset, start := range []int{0, 2, 3} {
		padded := append(make([]byte, offset), secret...)
		digits := []byte(base64.StdEncoding.EncodeToString(padded))
		if end := len(padded) * 8 / 6; end-start >= minMaskedBytes {
			digits = digits[start:end]
			forURL := bytes.ReplaceAll(bytes.ReplaceAll(digits, []byte("+"), []byte("-")), []byte("/"), []byte("_"))
			patterns = append(patterns, pattern{digits, true}, pattern{forURL, true})
		}
	}
	return patterns
}

// linesOf returns the lines of a secret, which a log shows one by one; a key within JSON has its line ends as `\n`.
func linesOf(secret []byte) [][]byte {
	separated := bytes.ReplaceAll(secret, []byte(`\n`), []byte("\n"))
	lines := bytes.FieldsFunc(separated, func(r rune) bool { return r < 0x20 || r == 0x7F })
	// A break at either end separates, too.
	if len(lines) == 1 && len(lines[0]) < len(separated) {
		lines = append(lines, nil)
	}
	if len(lines) > maxLines {
		lines = lines[:maxLines]
	}
	return lines
}

func decodings(data []byte) []decoded {
	all := []decoded{decode(data, func(int) ([]byte, int) { return nil, 0 })}
	if bytes.ContainsAny(data, "%+") {
		all = append(all, decode(data, func(index int) ([]byte, int) { return percentStep(data, index, true) }))
		all = append(all, decode(data, func(index int) ([]byte, int) { return percentStep(data, index, false) }))
	}
	if bytes.ContainsAny(data, `\`) {
		all = append(all, decode(data, func(index int) ([]byte, int) { return escapeStep(data, index) }))
	}
	return all
}

// decode takes a step that returns the bytes that the encoded text at an index means, and its length; 0 where it means itself.
func decode(data []byte, step func(int) ([]byte, int)) decoded {
	var result decoded
	for index := 0; index < len(data); {
		piece, length := step(index)
		if length == 0 {
			piece, length = data[index:index+1], 1
		}
		for range piece {
			result.origins = append(result.origins, index)
		}
		result.bytes = append(result.bytes, piece...)
		index += length
	}
	result.origins = append(result.origins, len(data))
	return result
}

func percentStep(data []byte, index int, plusIsBlank bool) ([]byte, int) {
	if data[index] == '+' && plusIsBlank {
		return []byte{' '}, 1
	}
	if data[index] == '%' {
		if b, ok := hexadecimal(data, index+1, 2); ok {
			return []byte{byte(b)}, 3
		}
	}
	return nil, 0
}

func escapeStep(data []byte, index int) ([]byte, int) {
	if data[index] != '\\' || index+1 == len(data) {
		return nil, 0
	}
	switch next := data[index+1]; next {
	case 'n':
		return []byte{'\n'}, 2
	case 'r':
		return []byte{'\r'}, 2
	case 't':
		return []byte{'\t'}, 2
	case 'b':
		return []byte{'\b'}, 2
	case 'f':
		return []byte{'\f'}, 2
	case 'u':
		return scalarStep(data, index)
	default:
		return []byte{next}, 2
	}
}

// scalarStep reads \uXXXX, or two of them that are one character.
func scalarStep(data []byte, index int) ([]byte, int) {
	first, ok := hexadecimal(data, index+2, 4)
	if !ok {
		return nil, 0
	}
	if !utf16.IsSurrogate(rune(first)) {
		return []byte(string(rune(first))), 6
	}
	if index+8 > len(data) || data[index+6] != '\\' || data[index+7] != 'u' {
		return nil, 0
	}
	second, ok := hexadecimal(data, index+8, 4)
	if !ok || first >= 0xDC00 || second < 0xDC00 || second > 0xDFFF {
		return nil, 0
	}
	return []byte(string(utf16.DecodeRune(rune(first), rune(second)))), 12
}

func hexadecimal(data []byte, start, digits int) (uint64, bool) {
	if start+digits > len(data) {
		return 0, false
	}
	for _, digit := range data[start : start+digits] {
		if bytes.IndexByte([]byte("0123456789abcdefABCDEF"), digit) < 0 {
			return 0, false
		}
	}
	number, err := strconv.ParseUint(string(data[start:start+digits]), 16, 32)
	return number, err == nil
}

func (d decoded) hits(patterns []pattern) [][2]int {
	var hits [][2]int
	for _, pattern := range patterns {
		for from := 0; ; {
			found := bytes.Index(d.bytes[from:], pattern.bytes)
			if found < 0 {
				break
			}
			start := from + found
			end := start + len(pattern.bytes)
			from = start + 1
			if pattern.isBase64 {
				// The rest of the digits encodes the secret's ends and the text around it.
				for start > 0 && isBase64(d.bytes[start-1]) {
					start--
				}
				for end < len(d.bytes) && isBase64(d.bytes[end]) {
					end++
				}
				from = end
			}
			hits = append(hits, [2]int{d.origins[start], d.origins[end]})
		}
	}
	return hits
}

func isBase64(b byte) bool {
	return isLetterOrDigit(b) || bytes.IndexByte([]byte("+/-_="), b) >= 0
}

func isLetterOrDigit(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}
