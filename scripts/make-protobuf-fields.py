#!/usr/bin/env python3
"""Makes Sources/Tools/ClusterSimulator/Resources/protobuf-fields.txt: the fields of the Kubernetes API's protobuf messages.

Usage: make-protobuf-fields.py /usr/bin/kubectl > Sources/Tools/ClusterSimulator/Resources/protobuf-fields.txt

A kubectl for Linux of 64 bits, 1.27 or later, has the Go types of all messages in its type information: their JSON names,
field numbers, and which fields are pointers, that is, present also where they are zero. Nothing is downloaded.
"""

import re
import struct
import sys

# What clients send to the simulator, by the package of its Go type.
ROOTS = {
    "k8s.io/api/core/v1": ["Namespace", "Pod", "Secret", "ConfigMap", "ServiceAccount", "Service", "Event"],
    "k8s.io/api/apps/v1": ["Deployment", "StatefulSet", "ReplicaSet"],
    "k8s.io/api/autoscaling/v1": ["HorizontalPodAutoscaler", "Scale"],
    "k8s.io/api/autoscaling/v2": ["HorizontalPodAutoscaler"],
    "k8s.io/api/coordination/v1": ["Lease"],
    "k8s.io/api/events/v1": ["Event"],
    "k8s.io/api/rbac/v1": ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
    "k8s.io/api/admissionregistration/v1": ["ValidatingWebhookConfiguration"],
    "k8s.io/api/authentication/v1": ["TokenRequest"],
    "k8s.io/api/authorization/v1": ["SelfSubjectAccessReview", "SubjectAccessReview", "LocalSubjectAccessReview"],
    "k8s.io/apimachinery/pkg/apis/meta/v1": ["DeleteOptions"],
}

# Types whose JSON is not what their fields would make.
SPECIAL = {
    "k8s.io/apimachinery/pkg/apis/meta/v1.Time": "time",
    "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "microtime",
    "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "json",
    "k8s.io/apimachinery/pkg/runtime.RawExtension": "json",
    "k8s.io/apimachinery/pkg/api/resource.Quantity": "quantity",
    "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "intorstring",
}

BOOL, FLOAT64, PTR, SLICE, MAP, STRING, STRUCT, UINT8 = 1, 14, 22, 23, 21, 24, 25, 8
INTEGERS = range(2, 12)


class GoTypes:
    """The type information of a Go executable. Source: internal/abi of Go 1.21 and later."""

    def __init__(self, path):
        self.data = open(path, "rb").read()
        if self.data[:4] != b"\x7fELF":
            sys.exit(f"{path}: is not an executable of Linux; name kubectl itself, not a script that starts it")
        table, = struct.unpack_from("<Q", self.data, 40)
        size, count, names = struct.unpack_from("<HHH", self.data, 58)
        sections = [struct.unpack_from("<IIQQQQ", self.data, table + i * size) for i in range(count)]
        text = sections[names][4]
        self.sections = {}
        for name, _, _, address, offset, length in sections:
            end = self.data.index(b"\0", text + name)
            self.sections[self.data[text + name:end].decode()] = (address, offset, length)
        self.base = self.sections[".rodata"][0]

    def at(self, address):
        for start, offset, length in self.sections.values():
            if start and start <= address < start + length:
                return offset + address - start
        raise KeyError(address)

    def word(self, address):
        return struct.unpack_from("<Q", self.data, self.at(address))[0]

    def offset(self, address):
        return struct.unpack_from("<i", self.data, self.at(address))[0]

    def name(self, address):
        """A name and its tag."""
        texts, position = [], self.at(address)
        flags = self.data[position]
        position += 1
        for _ in range(2 if flags & 2 else 1):
            length = shift = 0
            while True:
                byte = self.data[position]
                position += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            texts.append(self.data[position:position + length].decode())
            position += length
        return texts[0], texts[1] if len(texts) > 1 else ""

    def kind(self, type):
        return self.data[self.at(type) + 23] & 31

    def is_named(self, type):
        return self.data[self.at(type) + 20] & 4 != 0

    def element(self, type):
        return self.word(type + (56 if self.kind(type) == MAP else 48))

    def full_name(self, type):
        """PACKAGE.NAME of a named struct or slice."""
        flags = self.data[self.at(type) + 20]
        text = self.name(self.base + self.offset(type + 40))[0]
        text = text[1:] if flags & 2 else text
        if not flags & 1:
            return text
        extra = {STRUCT: 80, SLICE: 56, MAP: 104, PTR: 56}.get(self.kind(type), 48)
        package = self.name(self.base + self.offset(type + extra))[0]
        return f"{package}.{text.rsplit('.', 1)[-1]}"

    def fields(self, struct_type):
        first, count = self.word(struct_type + 56), self.word(struct_type + 64)
        for index in range(count):
            entry = first + 24 * index
            yield *self.name(self.word(entry)), self.word(entry + 8)

    def structs(self):
        """Every struct that a pointer type leads to, by its full name."""
        _, offset, length = self.sections[".typelink"]
        found = {}
        for link in struct.unpack_from(f"<{length // 4}i", self.data, offset):
            type = self.base + link
            if self.kind(type) == PTR and self.kind(self.element(type)) == STRUCT:
                found[self.full_name(self.element(type))] = self.element(type)
        return found


def short(name):
    """apps/v1.Deployment for k8s.io/api/apps/v1.Deployment."""
    return re.sub(r"^k8s\.io/(api/|apimachinery/pkg/apis/)", "", name)


class Table:
    def __init__(self, go):
        self.go = go
        self.structs = go.structs()
        self.lines = {}

    def add(self, name):
        """The message, and those that it is made of."""
        if name in self.lines:
            return
        self.lines[name] = ""
        words = []
        for _, tag, type in self.go.fields(self.structs[name]):
            number = re.search(r'protobuf:"\w+,(\d+),', tag)
            if number:
                label = re.search(r'json:"([^,"]*)', tag)
                words.append(f"{number[1]}:{label[1] if label else ''}:{self.type(type)}")
        self.lines[name] = " ".join([short(name)] + words)

    def type(self, type):
        kind = self.go.kind(type)
        if kind == PTR:
            return self.type(self.go.element(type)) + "?"
        if kind == MAP:
            return self.type(self.go.element(type)) + "{}"
        if kind == SLICE:
            element = self.go.element(type)
            if self.go.kind(element) == UINT8:
                return "bytes"
            return self.type(element) + ("()" if self.go.is_named(type) else "[]")
        if kind == STRUCT:
            name = self.go.full_name(type)
            if name in SPECIAL:
                return SPECIAL[name]
            self.add(name)
            return short(name)
        if kind == BOOL:
            return "bool"
        if kind == STRING:
            return "string"
        if kind == FLOAT64:
            return "double"
        if kind in INTEGERS:
            return "int"
        sys.exit(f"a field of kind {kind}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    table = Table(GoTypes(sys.argv[1]))
    for package, names in ROOTS.items():
        for name in names:
            table.add(f"{package}.{name}")
    print("# The fields of the Kubernetes API's protobuf messages: number:name:type.")
    print("# ? a pointer, present also where it is zero; [] a list; {} a map by string; () a message of a list alone;")
    print("# no name: the message's fields are the outer one's. Made by scripts/make-protobuf-fields.py.")
    for line in sorted(table.lines.values()):
        print(line)


main()
