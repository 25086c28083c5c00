package plugin

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

const excerptRunes = 64

var secretType = reflect.TypeOf(Secret{})

// fieldOf is a field of a config struct, as its tags declare it.
type fieldOf struct {
	index            int
	name, help       string
	typ              reflect.Type
	standard         any
	hasDefault       bool
	minimum, maximum *float64
	enum             []string
	address          bool
	from             string
}

// fieldsOf reads the tags of a config struct, which checkDeclaration has checked.
func fieldsOf(t reflect.Type) []fieldOf {
	var fields []fieldOf
	for i := 0; i < t.NumField(); i++ {
		if f, err := fieldAt(t, i); err == nil && f != nil {
			fields = append(fields, *f)
		}
	}
	return fields
}

func (f fieldOf) isRequired() bool { return !f.hasDefault && f.typ.Kind() != reflect.Pointer }

// schemaOf is the JSON Schema of a config struct.
func schemaOf(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fieldsOf(t) {
		schema := typeSchema(f.typ)
		schema["description"] = f.help
		if f.hasDefault {
			schema["default"] = f.standard
		}
		if f.minimum != nil {
			schema["minimum"] = *f.minimum
		}
		if f.maximum != nil {
			schema["maximum"] = *f.maximum
		}
		if f.address {
			schema["x-address"] = true
		}
		if f.from != "" {
			schema["x-from"] = f.from
		}
		if f.enum != nil {
			schema["enum"] = f.enum
		} else if schema["type"] == "string" {
			schema["minLength"] = 1
		}
		if f.isRequired() {
			required = append(required, f.name)
		}
		properties[f.name] = schema
	}
	schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func typeSchema(t reflect.Type) map[string]any {
	if t == secretType {
		return map[string]any{"type": "string", "x-secret": true}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeSchema(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": typeSchema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": typeSchema(t.Elem())}
	case reflect.Struct:
		return schemaOf(t)
	}
	panic(fmt.Sprintf("plugin: a config field cannot have the type %s", t))
}

// readValue fills the value from JSON and returns all problems.
func readValue(value reflect.Value, from any, path string) problems {
	t := value.Type()
	switch {
	case t.Kind() == reflect.Pointer:
		value.Set(reflect.New(t.Elem()))
		return readValue(value.Elem(), from, path)
	case t == secretType:
		text, ok := from.(string)
		if !ok {
			return mismatch(path, "a string", from)
		}
		value.Set(reflect.ValueOf(Secret{text}))
		return nil
	case t.Kind() == reflect.Struct:
		return readStruct(value, from, path)
	case t.Kind() == reflect.Slice:
		return readSlice(value, from, path)
	case t.Kind() == reflect.Map:
		return readMap(value, from, path)
	}
	return readScalar(value, from, path)
}

func readStruct(value reflect.Value, from any, path string) problems {
	members, ok := from.(map[string]any)
	if !ok {
		return mismatch(path, "an object", from)
	}
	var found problems
	known := map[string]bool{}
	var names []string
	for _, f := range fieldsOf(value.Type()) {
		known[f.name] = true
		names = append(names, f.name)
		found = append(found, f.read(value.Field(f.index), members[f.name], join(path, f.name))...)
	}
	for _, name := range sortedKeys(members) {
		if !known[name] {
			message := "is not a known field; known fields: " + strings.Join(names, ", ")
			found = append(found, Problem{join(path, name), message})
		}
	}
	if len(found) > 0 {
		return found
	}
	for _, problem := range validate(value) {
		found = append(found, Problem{join(path, problem.Path), problem.Message})
	}
	return found
}

func (f fieldOf) read(value reflect.Value, from any, path string) problems {
	if from == nil {
		if f.hasDefault {
			return readValue(value, f.standard, path)
		}
		if f.typ.Kind() == reflect.Pointer {
			return nil
		}
		return problems{{path, "is required: " + f.help}}
	}
	if from == "" {
		return problems{{path, "must not be empty"}}
	}
	if found := readValue(value, from, path); found != nil {
		return found
	}
	if text, ok := from.(string); ok && f.enum != nil && !contains(f.enum, text) {
		message := fmt.Sprintf(`must be one of %s, not "%s"`, strings.Join(f.enum, ", "), excerpt(text))
		return problems{{path, message}}
	}
	return f.checkBounds(from, path)
}

func (f fieldOf) checkBounds(from any, path string) problems {
	text, ok := from.(json.Number)
	if !ok || f.minimum == nil && f.maximum == nil {
		return nil
	}
	number, _ := text.Float64()
	if (f.minimum == nil || number >= *f.minimum) && (f.maximum == nil || number <= *f.maximum) {
		return nil
	}
	var bounds string
	switch {
	case f.minimum != nil && f.maximum != nil:
		bounds = "from " + format(*f.minimum) + " to " + format(*f.maximum)
	case f.minimum != nil:
		bounds = "at least " + format(*f.minimum)
	default:
		bounds = "at most " + format(*f.maximum)
	}
	return problems{{path, "must be " + bounds + ", not " + format(number)}}
}

func readSlice(value reflect.Value, from any, path string) problems {
	elements, ok := from.([]any)
	if !ok {
		return mismatch(path, "an array", from)
	}
	var found problems
	value.Set(reflect.MakeSlice(value.Type(), len(elements), len(elements)))
	for i, element := range elements {
		found = append(found, readValue(value.Index(i), element, fmt.Sprintf("%s[%d]", path, i))...)
	}
	return found
}

func readMap(value reflect.Value, from any, path string) problems {
	members, ok := from.(map[string]any)
	if !ok {
		return mismatch(path, "an object", from)
	}
	var found problems
	value.Set(reflect.MakeMap(value.Type()))
	for _, name := range sortedKeys(members) {
		element := reflect.New(value.Type().Elem()).Elem()
		found = append(found, readValue(element, members[name], join(path, name))...)
		value.SetMapIndex(reflect.ValueOf(name), element)
	}
	return found
}

func readScalar(value reflect.Value, from any, path string) problems {
	switch value.Kind() {
	case reflect.String:
		text, ok := from.(string)
		if !ok {
			return mismatch(path, "a string", from)
		}
		value.SetString(text)
	case reflect.Bool:
		flag, ok := from.(bool)
		if !ok {
			return mismatch(path, "true or false", from)
		}
		value.SetBool(flag)
	case reflect.Int, reflect.Int64:
		number, ok := from.(json.Number)
		if !ok {
			return mismatch(path, "a whole number", from)
		}
		whole, ok := wholeNumber(number)
		if !ok {
			fraction, _ := number.Float64()
			return problems{{path, "must be a whole number, not " + format(fraction)}}
		}
		value.SetInt(whole)
	case reflect.Float64:
		number, ok := from.(json.Number)
		if !ok {
			return mismatch(path, "a number", from)
		}
		float, err := number.Float64()
		if err != nil {
			return problems{{path, "must be a number that a double holds, not " + excerpt(number.String())}}
		}
		value.SetFloat(float)
	}
	return nil
}

func validate(value reflect.Value) []Problem {
	type validator interface{ Validate() []Problem }
	if value.CanAddr() {
		if checked, ok := value.Addr().Interface().(validator); ok {
			return checked.Validate()
		}
	}
	if checked, ok := value.Interface().(validator); ok {
		return checked.Validate()
	}
	return nil
}

func wholeNumber(number json.Number) (int64, bool) {
	if whole, err := number.Int64(); err == nil {
		return whole, true
	}
	float, err := number.Float64()
	if err != nil || float != math.Trunc(float) || math.Abs(float) >= 1<<63 {
		return 0, false
	}
	return int64(float), true
}

func mismatch(path, expected string, from any) problems {
	return problems{{path, "must be " + expected + ", not " + shape(from)}}
}

// shape names the type of a JSON value for messages.
func shape(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "an array"
	}
	return "an object"
}

func format(number float64) string {
	if number == math.Trunc(number) && math.Abs(number) < 1<<53 {
		return strconv.FormatInt(int64(number), 10)
	}
	return strconv.FormatFloat(number, 'g', -1, 64)
}

func excerpt(text string) string {
	if runes := []rune(text); len(runes) > excerptRunes {
		return string(runes[:excerptRunes])
	}
	return text
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

func contains(words []string, word string) bool {
	for _, known := range words {
		if known == word {
			return true
		}
	}
	return false
}

func sortedKeys(members map[string]any) []string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
