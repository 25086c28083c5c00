package plugin

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// knownTags are the keys of a config field's struct tag.
var knownTags = []string{"json", "help", "default", "minimum", "maximum", "enum", "address", "from"}

// hints are what authors write for a known tag, by the SDKs of other languages and by habit.
var hints = map[string]string{
	"min": `write minimum`, "max": `write maximum`, "description": `write help`, "desc": `write help`, "doc": `write help`,
	"secret":   `give the field the type plugin.Secret`,
	"required": `a field without a default is required, unless its type is a pointer`,
	"optional": `a field is optional if it has a default or its type is a pointer`,
}

// fillable are the values of the tag from.
var fillable = []string{
	"scaler.namespace", "scaler.name", "target.apiVersion", "target.kind", "target.name", "target.selector",
}

// maxTypos is the number of letters that a misspelt tag may differ in from the one that is suggested.
const maxTypos = 2

// errUnsupportedType is the error of a type that has no JSON Schema.
var errUnsupportedType = errors.New("plugin: a config field cannot have this type")

// checkDeclaration returns what is wrong with the tags and types of a config struct, and of the structs in it.
func checkDeclaration(t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("plugin: the config is a struct, not %s", t)
	}
	return checkType(t, map[reflect.Type]bool{})
}

func checkType(t reflect.Type, seen map[reflect.Type]bool) error {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return checkType(t.Elem(), seen)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return errUnsupportedType
		}
		return checkType(t.Elem(), seen)
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return nil
	case reflect.Struct:
		if t == secretType {
			return nil
		}
	default:
		return errUnsupportedType
	}
	if seen[t] {
		return fmt.Errorf("plugin: %s contains itself: a config has a fixed depth", t)
	}
	seen[t] = true
	defer delete(seen, t)
	names := map[string]string{}
	for i := 0; i < t.NumField(); i++ {
		f, err := fieldAt(t, i)
		if err != nil {
			return fmt.Errorf("plugin: %s.%s: %w", t, t.Field(i).Name, err)
		}
		if f == nil {
			continue
		}
		if other, taken := names[f.name]; taken {
			return fmt.Errorf("plugin: %s.%s and %s have the same name %q", t, t.Field(i).Name, other, f.name)
		}
		names[f.name] = t.Field(i).Name
		if err := checkType(f.typ, seen); err == errUnsupportedType {
			return fmt.Errorf("plugin: %s.%s: config field `%s` cannot have the type %s", t, t.Field(i).Name, f.name, f.typ)
		} else if err != nil {
			return err
		}
		if err := f.checkDefault(); err != nil {
			return fmt.Errorf("plugin: %s.%s: %w", t, t.Field(i).Name, err)
		}
	}
	return nil
}

// fieldAt reads the tags of a field. It returns nil for one that is not of the config.
func fieldAt(t reflect.Type, index int) (*fieldOf, error) {
	declared := t.Field(index)
	tags, err := tagsOf(declared.Tag)
	if err != nil {
		return nil, err
	}
	name := strings.Split(tags["json"], ",")[0]
	if !declared.IsExported() || name == "-" {
		if len(tags) > 0 && name != "-" {
			return nil, fmt.Errorf("has tags, but is not exported: begin its name with a capital letter")
		}
		return nil, nil
	}
	if name == "" {
		return nil, fmt.Errorf("has no json tag for its name")
	}
	f := fieldOf{index: index, name: name, help: tags["help"], typ: declared.Type, from: tags["from"]}
	if f.minimum, err = bound(tags, "minimum"); err != nil {
		return nil, err
	}
	if f.maximum, err = bound(tags, "maximum"); err != nil {
		return nil, err
	}
	if address, ok := tags["address"]; ok {
		if f.address, err = strconv.ParseBool(address); err != nil {
			return nil, fmt.Errorf(`the tag address is "true" or "false", not %q`, address)
		}
	}
	if f.from != "" && !contains(fillable, f.from) {
		return nil, fmt.Errorf("the tag from is one of %s, not %q", strings.Join(fillable, ", "), f.from)
	}
	if words := tags["enum"]; words != "" {
		f.enum = strings.Split(words, ",")
	}
	if text, ok := tags["default"]; ok {
		f.hasDefault = true
		if f.standard, err = standard(declared.Type, text); err != nil {
			return nil, err
		}
	}
	return &f, nil
}

// tagsOf reads a struct tag completely, and refuses what reflect.StructTag skips without a word.
func tagsOf(tag reflect.StructTag) (map[string]string, error) {
	tags := map[string]string{}
	for rest := strings.TrimLeft(string(tag), " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		key, quoted, found := strings.Cut(rest, ":")
		if !found || key == "" || strings.ContainsAny(key, "\" \t") || !strings.HasPrefix(quoted, `"`) {
			return nil, fmt.Errorf("its tag is malformed at %q: write name:\"text\", without a blank after the colon", excerpt(rest))
		}
		text, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			return nil, fmt.Errorf("the tag %s has no closing quote", key)
		}
		value, err := strconv.Unquote(text)
		if err != nil {
			return nil, fmt.Errorf("the tag %s is not a Go string: %s", key, text)
		}
		if err := checkKey(key); err != nil {
			return nil, err
		}
		if _, twice := tags[key]; twice {
			return nil, fmt.Errorf("has the tag %s twice", key)
		}
		tags[key], rest = value, quoted[len(text):]
	}
	return tags, nil
}

func checkKey(key string) error {
	if contains(knownTags, key) {
		return nil
	}
	message := fmt.Sprintf("unknown tag %s", excerpt(key))
	if hint, ok := hints[strings.ToLower(key)]; ok {
		return fmt.Errorf("%s: %s", message, hint)
	}
	for _, known := range knownTags {
		if typos(strings.ToLower(key), known) <= maxTypos {
			return fmt.Errorf("%s: did you mean %s?", message, known)
		}
	}
	return fmt.Errorf("%s: the tags of a config field are %s", message, strings.Join(knownTags, ", "))
}

// typos returns the number of letters to insert, remove or replace to get from a word to another (Levenshtein distance).
func typos(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range []byte(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range []byte(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			for _, other := range []int{diagonal + 1, row[j] + 1} {
				if other < cost {
					cost = other
				}
			}
			row[j+1] = cost
		}
	}
	return row[len(b)]
}

func bound(tags map[string]string, key string) (*float64, error) {
	text, ok := tags[key]
	if !ok {
		return nil, nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("the tag %s is not a number: %q", key, text)
	}
	return &number, nil
}

func standard(t reflect.Type, text string) (any, error) {
	if t.Kind() == reflect.String {
		return text, nil
	}
	value, err := decodeJSON([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the tag default is not JSON: %q", text)
	}
	return value, nil
}

// checkDefault returns what is wrong with the default of a field.
func (f fieldOf) checkDefault() error {
	if !f.hasDefault {
		return nil
	}
	if found := readValue(reflect.New(f.typ).Elem(), f.standard, ""); found != nil {
		return fmt.Errorf("the tag default %s", found.Error())
	}
	return nil
}
