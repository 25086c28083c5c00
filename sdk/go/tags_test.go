package plugin

import (
	"reflect"
	"strings"
	"testing"
)

// What go vet refuses, too, so that it cannot be written here as a struct.
func TestAMalformedTagIsAnError(t *testing.T) {
	text := reflect.TypeOf("")
	field := func(name, tag string) reflect.StructField {
		return reflect.StructField{Name: name, Type: text, Tag: reflect.StructTag(tag)}
	}
	for _, test := range []struct {
		fields []reflect.StructField
		want   string
	}{
		{[]reflect.StructField{field("A", `json:"a" help: "A."`)}, "its tag is malformed at \"help: \\\"A.\\\"\""},
		{[]reflect.StructField{field("A", `json:"a" help`)}, "its tag is malformed at \"help\""},
		{[]reflect.StructField{field("A", `json:"a" help:"A.`)}, "the tag help has no closing quote"},
		{[]reflect.StructField{field("A", `json:"a" json:"b"`)}, "has the tag json twice"},
		{[]reflect.StructField{field("A", `json:"a"`), field("B", `json:"a"`)}, `B and A have the same name "a"`},
	} {
		err := checkDeclaration(reflect.StructOf(test.fields))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("found %v, not %q", err, test.want)
		}
	}
}
