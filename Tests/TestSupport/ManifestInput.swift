/// A file for `kubectl apply` and `generalscaler validate`, and the expected results.
package struct ManifestInput: Sendable, CustomStringConvertible {
    package enum Expected: Sendable {
        /// That many GeneralScalers are found and valid.
        case valid(Int)
        /// The output contains this after the file's name.
        case refused(String)
    }

    package enum Kubectl: Sendable {
        case agrees
        /// kubectl accepts the file, which is refused here because part of it would be lost.
        case takesIt
        /// kubectl accepts the file since 1.33.
        case dependsOnVersion
    }

    package let name: String
    package let bytes: [UInt8]
    package let expected: Expected
    package let kubectl: Kubectl

    package var description: String { name }

    private init(_ name: String, _ text: String, valid count: Int, kubectl: Kubectl = .agrees) {
        self.init(name, Array(text.utf8), .valid(count), kubectl: kubectl)
    }

    private init(_ name: String, _ text: String, says message: String, kubectl: Kubectl = .agrees) {
        self.init(name, Array(text.utf8), .refused(message), kubectl: kubectl)
    }

    private init(_ name: String, _ bytes: [UInt8], _ expected: Expected, kubectl: Kubectl = .agrees) {
        self.name = name
        self.bytes = bytes
        self.expected = expected
        self.kubectl = kubectl
    }
}

extension ManifestInput {
    private static func yaml(
        _ name: String, apiVersion: String = "autoscaling.example.com/v1", kind: String = "GeneralScaler"
    ) -> String {
        """
        apiVersion: \(apiVersion)
        kind: \(kind)
        metadata: {name: \(name)}
        spec:
          targetDeployment: web
          maxReplicas: 11
          metrics:
            - {type: prometheus, config: {address: "http://p:9090", query: up}, targetValue: 97}

        """
    }

    private static func metadata(_ member: String) -> String {
        yaml("a").replacing("{name: a}", with: "{name: a, \(member)}")
    }

    private static func json(_ name: String, query: String = "up") -> String {
        #"{"apiVersion":"autoscaling.example.com/v1","kind":"GeneralScaler","metadata":{"name":"\#(name)"},"spec":"#
            + #"{"targetDeployment":"web","maxReplicas":11,"metrics":[{"type":"prometheus","config":"#
            + #"{"address":"http:\/\/p:9090","query":"\#(query)"},"targetValue":97}]}}"#
    }

    private static func items(_ objects: String...) -> String {
        objects.map { object in
            object.split(separator: "\n").enumerated().map { $0 == 0 ? "- \($1)\n" : "  \($1)\n" }.joined()
        }.joined()
    }

    private static func utf16(_ text: String, isBigEndian: Bool = false) -> [UInt8] {
        "\u{FEFF}\(text)".utf16.flatMap { unit in
            let bytes = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            return isBigEndian ? bytes : bytes.reversed()
        }
    }

    private static let list = "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\n"
    private static let typedList = "apiVersion: autoscaling.example.com/v1\nkind: GeneralScalerList\n"
    private static let configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
    private static let bare = yaml("a").split(separator: "\n").dropFirst(2).joined(separator: "\n")

    package static let taken: [ManifestInput] = [
        Self("documents", "# c\n---\n\(yaml("a"))---\n---\n# only this\n---\n\(yaml("b"))---\n", valid: 2),
        Self("document end", "\(yaml("a"))...\n---\n\(yaml("b"))", valid: 2),
        Self("carriage returns", "\(yaml("a"))--- # next\n\(yaml("b"))".replacing("\n", with: "\r\n"), valid: 2),
        Self("List", "\(list)items:\n\(items(yaml("a"), configMap, yaml("b")))", valid: 2),
        Self("typed list", "\(typedList)items:\n\(items(yaml("a"), yaml("b")))", valid: 2),
        Self("typed list of items without a type", "\(typedList)items:\n\(items(bare))", valid: 1),
        Self("empty typed list and an object", "\(typedList)items: []\n---\n\(configMap)", valid: 0),
        Self("list of another kind", "apiVersion: v1\nkind: ConfigMapList\nitems:\n\(items(yaml("a")))", valid: 1),
        Self("other kinds alone", "\(configMap)---\n\(list)items:\n\(items(configMap))", valid: 0),
        Self(
            "merge key",
            yaml("a").replacing("- {type", with: "- &m {type") + "    - {<<: *m, name: other, targetValue: 50}\n",
            valid: 1),
        Self("anchor", "\(yaml("a").replacing("{name: a}", with: "&m {name: a}"))", valid: 1),
        Self("octal", yaml("a").replacing("11", with: "0o13"), valid: 1),
        Self("exponent", yaml("a").replacing("11", with: "1.1e1"), valid: 1),
        Self("tab before a value", yaml("a").replacing("maxReplicas: ", with: "maxReplicas:\t"), valid: 1),
        Self("JSON", json("a"), valid: 1),
        Self("JSON with surrogate pairs", json("a", query: #"\ud83d\ude80 \u00e9"#), valid: 1),
        Self("JSON with lone surrogates", json("a", query: #"\ud83d \ude80"#), valid: 1),
        Self("JSON texts", "\(json("a"))\(json("b"))\n\n\(json("c"))", valid: 3),
        Self(
            "several JSON texts and a last one in YAML",
            "\(json("a"))\n{apiVersion: v1, kind: Pod, metadata: {name: a}}",
            valid: 1, kubectl: .dependsOnVersion),
        Self(
            "JSON and YAML documents", "\(json("a"))\n---\n\(yaml("b"))---\n\(json("c"))", valid: 3,
            kubectl: .dependsOnVersion),
        Self("JSON with tabs and blanks", "\n \t\(json("a").replacing(",", with: ",\n\t"))", valid: 1),
        Self("JSON List", #"{"apiVersion":"v1","kind":"List","items":[\#(json("a")),\#(json("b"))]}"#, valid: 2),
        Self(
            "JSON that is YAML alone", "# c\n\(json("a").replacing("97}", with: "97,}").replacing("\\/", with: "/"))",
            valid: 1),
        Self("byte order mark", "\u{FEFF}\(yaml("a"))---\n\u{FEFF}\(yaml("b"))", valid: 2),
        Self("byte order mark before JSON", "\u{FEFF}\(json("a"))", valid: 1),
        Self(
            "metadata",
            metadata(
                "labels: {app.example.com/a: '17', b: , c: ''}, annotations: {Example.com/A: '', b: null}, finalizers: "
                    + "[example.com/a], creationTimestamp: null, generation: 3, managedFields: []"), valid: 1),
        Self("UTF-16", utf16("\(yaml("a").replacing("up", with: "\"🚀\""))---\n\(yaml("b"))"), .valid(2)),
        Self("UTF-16, the other way", utf16(json("a"), isBigEndian: true), .valid(1)),
    ]

    package static let rejected: [ManifestInput] = [
        Self("nothing", "", says: ": no object to check"),
        Self("a comment alone", "# x\n---\n", says: ": no object to check"),
        Self("empty List", "\(list)items: []\n", says: ": no object to check"),
        Self("List without items", list, says: ":1: items: is required"),
        Self(
            "List of null", "\(list)items:\n- \n",
            says: ":5: items[0]: must be an object with apiVersion and kind, not null"),
        Self("List with a map", "\(list)items: {a: b}\n", says: ":4: items: must be an array, not an object"),
        Self(
            "List v2", "\(list.replacing("v1", with: "v2"))items:\n\(items(yaml("a")))",
            says: ":1: apiVersion: must be v1"),
        Self(
            "List of items without a type", "\(list)items:\n\(items(bare))",
            says: ":5: items[0].apiVersion: is required"),
        Self(
            "a broken item", "\(list)items:\n\(items(configMap, yaml("a").replacing("11", with: "0")))",
            says: ":13: items[1].spec.maxReplicas: must be at least 1"),
        Self(
            "typed list of another group",
            "\(typedList.replacing("example", with: "exmaple"))items:\n\(items(yaml("a")))",
            says: ":1: apiVersion: must be autoscaling.example.com/v1"),
        Self(
            "typed list v2", "\(typedList.replacing("/v1", with: "/v2"))items: []\n",
            says: ":1: apiVersion: must be autoscaling.example.com/v1"),
        Self(
            "another group", yaml("a", apiVersion: "autoscaling.exmaple.com/v1"),
            says: ":1: apiVersion: must be autoscaling"),
        Self(
            "another version", yaml("a", apiVersion: "autoscaling.example.com/v2"),
            says: ":1: apiVersion: must be autoscaling"),
        Self(
            "no version", yaml("a", apiVersion: "autoscaling.example.com"), says: ":1: apiVersion: must be autoscaling"),
        Self("core group", yaml("a", apiVersion: "v1"), says: ":1: apiVersion: must be autoscaling"),
        Self(
            "group's case", yaml("a", apiVersion: "Autoscaling.Example.com/v1"),
            says: ":1: apiVersion: must be autoscaling"),
        Self(
            "a blank", yaml("a", apiVersion: "' autoscaling.example.com/v1'"),
            says: ":1: apiVersion: must be autoscaling"),
        Self(
            "kind's case", yaml("a", kind: "generalscaler"),
            says: ":2: kind: must be GeneralScaler or ScalingBudget, not \"generalscaler\""),
        Self("kind's other case", yaml("a", kind: "Generalscaler"), says: ":2: kind: must be GeneralScaler"),
        Self("plural", yaml("a", kind: "generalscalers"), says: ":2: kind: must be GeneralScaler"),
        Self("misspelled kind", yaml("a", kind: "GeneralScalar"), says: ":2: kind: must be GeneralScaler"),
        Self(
            "neither group nor case", yaml("a", apiVersion: "keda.sh/v1", kind: "generalscaler"),
            says: ":1: apiVersion: must be autoscaling"),
        Self("no kind", yaml("a").replacing("kind: GeneralScaler\n", with: ""), says: ":1: kind: is required"),
        Self("empty kind", yaml("a", kind: "''"), says: ":2: kind: must not be empty"),
        Self("null kind", yaml("a", kind: ""), says: ":2: kind: is required"),
        Self("a number for a kind", yaml("a", kind: "5"), says: ":2: kind: must be a string, not a number"),
        Self("kind's key", yaml("a").replacing("kind:", with: "Kind:"), says: ":1: kind: is required"),
        Self("no apiVersion", bare, says: ":1: apiVersion: is required"),
        Self(
            "a scalar", "\(yaml("a"))---\nhello\n",
            says: ":10: must be an object with apiVersion and kind, not a string"),
        Self("an array", items(yaml("a")), says: ":1: must be an object with apiVersion and kind, not an array"),
        Self("JSON array", "[\(json("a").replacing("\\/", with: "/"))]", says: ":1: must be an object"),
        Self(
            "repeated key", yaml("a").replacing("  maxR", with: "  maxReplicas: 3\n  maxR"),
            says: ":6: is not valid YAML: repeated keys: maxReplicas", kubectl: .takesIt),
        Self(
            "repeated key in JSON", json("a").replacing("\"spec\"", with: "\n\"kind\":\"GeneralScaler\",\"spec\""),
            says: ":2: is not valid: repeated key: kind", kubectl: .takesIt),
        Self("JSON and more", "\(json("a"))\nxx", says: ":2: is not valid JSON: expected a value"),
        Self("half of JSON", String(json("a").dropLast(3)), says: ":1: is not valid JSON: expected"),
        Self("JSON comment", "// c\n\(json("a"))", says: ":1: must be an object"),
        Self("template", "{{ if .x }}\n\(yaml("a")){{ end }}\n", says: ":2: is not valid YAML: "),
        Self("directive", "%YAML 1.1\n---\n\(yaml("a"))", says: ":1: is not valid YAML for kubectl: a directive"),
        Self(
            "text after ---", "\(yaml("a"))--- {a: b}\n",
            says: ":9: is not valid YAML for kubectl: nothing but a comment"),
        Self(
            "anchor of another document",
            "\(yaml("a").replacing("{name: a}", with: "&m {name: a}"))---\nmetadata: *m\n",
            says: ":10: is not valid YAML: found undefined alias"),
        Self(
            "tab for a blank", yaml("a").replacing("  maxR", with: "\tmaxR"), says: ":6: is not valid YAML: found a tab"
        ),
        Self("list's case", "\(list.replacing("List", with: "list"))items: []\n", says: ":2: kind: must be List"),
        Self("generated name", yaml("a").replacing("name: a", with: "generateName: a-"), says: ":3: metadata.name: "),
        Self(
            "number for a label", metadata("labels: {release: 17}"),
            says: ":3: metadata.labels.release: must be a string, not a number: put it in quotes"),
        Self("label's key", metadata("labels: {'a b': c}"), says: ":3: metadata.labels.a b: must be named"),
        Self("label's value", metadata("labels: {a: b/c}"), says: ":3: metadata.labels.a: must be letters"),
        Self(
            "flag for an annotation", metadata("annotations: {example.com/on: yes}"),
            says: ":3: metadata.annotations.example.com/on: must be a string"),
        Self("finalizers", metadata("finalizers: a/b"), says: ":3: metadata.finalizers: must be an array"),
        Self("time", metadata("creationTimestamp: Monday"), says: ":3: metadata.creationTimestamp: must be a time"),
        Self("generation", metadata("generation: '3'"), says: ":3: metadata.generation: must be a whole number"),
        Self("unknown metadata", metadata("labls: {a: b}"), says: ":3: metadata.labls: is not a known field"),
        Self(
            "owner", metadata("ownerReferences: [{apiVersion: v1, kind: Pod, name: p}]"),
            says: ":3: metadata.ownerReferences[0].uid: is required"),
        Self("namespace's case", metadata("namespace: Shop"), says: ":3: metadata.namespace: must be at most 63"),
        Self(
            "byte order mark in a name", yaml("a").replacing("Deployment: web", with: "Deployment: \"\u{FEFF}web\""),
            says: ":5: spec.targetDeployment: must be lower-case"),
        Self("merge of a scalar", yaml("a") + "  <<: 5\n", says: ":9: is not valid YAML: the value of a merge key"),
        Self(
            "surrogate pair in YAML", yaml("a").replacing("up", with: #""\ud83d\ude80""#),
            says: ":8: is not valid YAML: found invalid Unicode"),
        Self("infinity", yaml("a").replacing("97", with: ".inf"), says: ":8: has a number that is not finite"),
        Self(
            "UTF-16 without a byte order mark", Array(utf16(yaml("a")).dropFirst(2)),
            .refused(":1: is not valid YAML: a NUL byte")),
        Self("UTF-32", [0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], .refused(": is text in UTF-32")),
        Self(
            "Latin-1", Array(yaml("a").utf8) + [0x23, 0xE9], .refused(": is not text in UTF-8"), kubectl: .takesIt),
    ]
}
