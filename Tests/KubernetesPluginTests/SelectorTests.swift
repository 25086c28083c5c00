import Testing
import WireFormats

@testable import generalscaler_plugin_kubernetes

@Suite("Selectors")
struct SelectorTests {
    @Test(
        "a label selector matches as Kubernetes documents it",
        arguments: [
            ("app=web", true), ("app==web", true), ("app = web", true), ("app!=web", false), ("app!=api", true),
            ("tier=", false), ("empty=", true), ("tier!=x", true), ("app", true), ("!app", false), ("!tier", true),
            ("app in (api,web)", true), ("app in (api)", false), ("app in ( api , web )", true), ("app in(web)", true),
            ("app notin (web)", false), ("tier notin (web)", true), ("empty in ()", true), ("", true),
            ("app=web,!tier", true), ("app=web,tier", false), ("example.com/part=a.b_c-d", true),
        ])
    func labels(text: String, matches: Bool) throws {
        let labels = ["app": "web", "empty": "", "example.com/part": "a.b_c-d"]
        #expect(try LabelSelector(parsing: text).matches(labels) == matches)
    }

    @Test(
        "a malformed label selector is refused",
        arguments: [
            "app=we b", "=web", "app=,", ",", "app in web", "app in (a", "app within (a)", "a/b/c=d", "-a=b", "a=-b",
            "a=b-", "app>1", "!", "a\u{0}=b", "app=\(String(repeating: "x", count: 64))", "/a=b",
            String(repeating: "a,", count: 65) + "a", String(repeating: "a", count: 4_097),
        ])
    func malformed(text: String) {
        #expect(throws: ConfigFault.self) { try LabelSelector(parsing: text) }
    }

    private static let job: JSON = [
        "metadata": ["name": "a", "labels": ["queue": "orders"]], "spec": ["suspend": false, "parallelism": 3],
        "status": [
            "active": 1, "phase": "Pending",
            "conditions": [["type": "Complete", "status": "True"], ["type": "Failed", "status": "False"]],
        ],
        "data": ["password": "secret"],
    ]

    @Test(
        "a field selector compares scalars, and an absent field is empty",
        arguments: [
            ("status.phase=Pending", true), ("status.phase==Pending", true), ("status.phase!=Pending", false),
            ("spec.suspend=false", true), ("spec.parallelism=3", true), ("status.succeeded=", true),
            ("status.succeeded!=", false), ("status.active!=", true), ("status.conditions[Complete]=True", true),
            ("status.conditions[Failed]!=True", true), ("status.conditions[Other]=", true),
            ("status.conditions=", true),
            ("status.phase=Pending, spec.suspend=true", false), ("metadata.name=a,status.active=1", true),
            ("status.phase.deeper=", true),
        ])
    func fields(text: String, matches: Bool) throws {
        let selector = try FieldSelector(parsing: text)
        let object = ListedObject(Self.job, selector.paths)
        #expect(selector.matches(object.fields) == matches)
    }

    @Test(
        "a malformed field selector, and one beyond metadata, spec and status, is refused",
        arguments: [
            "", ",", "status.phase", "data.password=secret", "=x", ".=x", "status..phase=x", "status.conditions[=x",
            "status.conditions[]=x", "status.conditions]=x", "status.a[b]c=x", "stringData=x",
            "status" + String(repeating: ".a", count: 17) + "=x",
        ])
    func malformedFields(text: String) {
        #expect(throws: ConfigFault.self) { try FieldSelector(parsing: text) }
    }
}
