import FoundationEssentials
import Testing
import WireFormats

@testable import ClusterSimulator

/// A request of kubectl 1.33, byte for byte.
@Suite struct ProtobufTests {
    private static let namespace = "azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEc2hvcBIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA=="
    /// `kubectl create deployment web --image=nginx --replicas=0 --port=80`
    private static let deployment = """
        azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYBCAASDAoKCgNhcHASA3dlYhps\
        ChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIA\
        QgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA=
        """
    private static let secret = "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA="
    /// `kubectl create service clusterip s --tcp=80:8080`
    private static let service = """
        azhzAAoNCgJ2MRIHU2VydmljZRJjChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSQAobCgc4MC04MDgwEgNUQ1AYUCIHCAAQkD8aACgAEggK\
        A2FwcBIBcxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==
        """
    /// `kubectl create token sa`
    private static let tokenRequest = """
        azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIaChAKABIAGgAiACoAMgA4AEIAEgAaBAoAEgAaACIA
        """
    /// `kubectl auth can-i get pods`
    private static let accessReview = """
        azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2Rl\
        ZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=
        """

    private static func bytes(_ base64: String) throws -> [UInt8] { Array(try #require(Data(base64Encoded: base64))) }

    private let server: TestServer

    init() throws {
        server = try TestServer()
    }

    private func post(_ path: String, _ body: [UInt8], _ type: String = "application/vnd.kubernetes.protobuf") -> Answer
    {
        Answer(server.api.handle(APIRequest("POST", path, headers: ["content-type": type], body: body)))
    }

    @Test("a built-in object is created from protobuf, and its zero fields are absent")
    func builtObjectCreated() throws {
        #expect(post("/api/v1/namespaces", try Self.bytes(Self.namespace)).status == 201)
        let object = try ProtobufObject.json(Self.bytes(Self.deployment))
        let pod: JSON = [
            "metadata": ["labels": ["app": "web"]],
            "spec": ["containers": [["name": "nginx", "image": "nginx", "ports": [["containerPort": 80]]]]],
        ]
        #expect(
            object == [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "labels": ["app": "web"]],
                "spec": ["replicas": 0, "selector": ["matchLabels": ["app": "web"]], "template": pod],
            ])
        let created = post(
            "/apis/apps/v1/namespaces/shop/deployments?fieldValidation=Strict", try Self.bytes(Self.deployment))
        #expect(created.status == 201)
        #expect(created.json["spec"]?["replicas"] == 0)
        #expect(created.json["spec"]?["strategy"]?["type"] == "RollingUpdate")
        let secret = post("/api/v1/namespaces/shop/secrets", try Self.bytes(Self.secret))
        #expect(secret.json["data"] == ["a": "Yg=="])
        #expect(secret.json["type"] == "Opaque")
        let service = post("/api/v1/namespaces/shop/services", try Self.bytes(Self.service))
        #expect(
            service.json["spec"]?["ports"] == [["name": "80-8080", "port": 80, "protocol": "TCP", "targetPort": 8080]])
    }

    @Test("token requests and access reviews are read from protobuf")
    func tokenRequestsAccess() throws {
        let account: JSON = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "sa"]]
        #expect(server.post("/api/v1/namespaces/test/serviceaccounts", account).status == 201)
        let token = post("/api/v1/namespaces/test/serviceaccounts/sa/token", try Self.bytes(Self.tokenRequest))
        #expect(token.status == 201)
        #expect(token.json["status"]?["token"]?.stringValue?.isEmpty == false)
        let review = post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", try Self.bytes(Self.accessReview))
        #expect(review.json["status"]?["allowed"] == true)
        #expect(review.json["spec"]?["resourceAttributes"]?["resource"] == "pods")
    }

    @Test("a malformed protobuf body, or one of another kind, is 400")
    func malformedProtobufBody() throws {
        let path = "/apis/apps/v1/namespaces/test/deployments"
        let whole = try Self.bytes(Self.deployment)
        for body in [
            [], Array("k8s\0".utf8) + [0xFF], Array("{}".utf8), Array(whole.prefix(60)), Array(whole.prefix(25)),
        ] {
            #expect(post(path, body).reason == "BadRequest", "\(body.count)")
        }
        #expect(post(path, try Self.bytes(Self.secret)).reason == "BadRequest")
        let unknown = ProtobufWriter {
            $0.add(1) {
                $0.add(1, "batch/v1")
                $0.add(2, "Job")
            }
            $0.add(2, [])
        }
        let answer = post(path, Array("k8s\0".utf8) + unknown.bytes)
        #expect(answer.reason == "BadRequest")
        #expect(
            answer.json["message"]?.stringValue?.contains("no kind \"Job\" is registered for version \"batch/v1\"")
                == true)
    }

    @Test("a custom resource in protobuf is 400, and an unknown media type 415 with the known ones")
    func customResourceProtobuf() throws {
        #expect(post(Sample.path, try Self.bytes(Self.deployment)).reason == "BadRequest")
        for path in [Sample.path, "/api/v1/namespaces"] {
            let answer = post(path, [0x78], "text/plain")
            #expect(answer.status == 415)
            #expect(
                answer.json["message"]?.stringValue?.hasSuffix(
                    "application/json, application/yaml, application/vnd.kubernetes.protobuf") == true)
        }
    }

    private func message(_ apiVersion: String, _ kind: String, _ write: (inout ProtobufWriter) -> Void) throws -> JSON {
        let envelope = ProtobufWriter {
            $0.add(1) {
                $0.add(1, apiVersion)
                $0.add(2, kind)
            }
            $0.add(2, write)
        }
        return try ProtobufObject.json(Array("k8s\0".utf8) + envelope.bytes)
    }

    /// Writes a pod with every special kind of field.
    private static func writePod(_ pod: inout ProtobufWriter) {
        pod.add(1) { metadata in
            // creationTimestamp, of 2026-01-02T03:04:05.000000006Z.
            metadata.add(8) {
                $0.add(1, 1_767_323_045 as UInt64)
                $0.add(2, 6 as UInt64)
            }
            metadata.add(14, "a.example.com/f")
            metadata.add(14, "")
        }
        pod.add(2) { spec in
            spec.add(1) { volume in
                volume.add(1, "data")
                volume.add(2) { $0.add(2) { $0.add(1, "") } }
            }
            // terminationGracePeriodSeconds, of a negative number, and automountServiceAccountToken: pointers.
            spec.add(4, UInt64(bitPattern: -7))
            spec.add(21, 0 as UInt64)
            spec.add(2) { container in
                container.add(1, "app")
                container.add(8) { resources in
                    resources.add(1) { entry in
                        entry.add(1, "cpu")
                        entry.add(2) { $0.add(1, "1500m") }
                    }
                }
                container.add(10) { probe in
                    // handler.httpGet.port by name, then initialDelaySeconds.
                    probe.add(1) { handler in
                        handler.add(2) { http in
                            http.add(2) {
                                $0.add(1, 1 as UInt64)
                                $0.add(3, "web")
                            }
                        }
                    }
                    probe.add(2, 3 as UInt64)
                }
            }
        }
    }

    @Test("times, quantities, int-or-string values, lists, maps and nested messages are decoded")
    func timesQuantitiesInt() throws {
        let pod = try message("v1", "Pod", Self.writePod)
        #expect(
            pod == [
                "apiVersion": "v1", "kind": "Pod",
                "metadata": ["creationTimestamp": "2026-01-02T03:04:05Z", "finalizers": ["a.example.com/f", ""]],
                "spec": [
                    "terminationGracePeriodSeconds": -7, "automountServiceAccountToken": false,
                    "volumes": [["name": "data", "emptyDir": [:]]],
                    "containers": [
                        [
                            "name": "app", "resources": ["limits": ["cpu": "1500m"]],
                            "livenessProbe": ["httpGet": ["port": "web"], "initialDelaySeconds": 3],
                        ]
                    ],
                ],
            ])
    }

    @Test("microseconds of a Lease and the preconditions of a deletion are decoded")
    func microsecondsLeasePreconditions() throws {
        let lease = try message("coordination.k8s.io/v1", "Lease") { lease in
            lease.add(2) { spec in
                spec.add(4) {
                    $0.add(1, 1_767_323_045 as UInt64)
                    $0.add(2, 70_819_437 as UInt64)
                }
                spec.add(5, 0 as UInt64)
            }
        }
        #expect(lease["spec"] == ["renewTime": "2026-01-02T03:04:05.070819Z", "leaseTransitions": 0])
        let options = try message("apps/v1", "DeleteOptions") { options in
            options.add(2) { $0.add(1, "uid-7") }
            options.add(5, "All")
        }
        #expect(options["preconditions"] == ["uid": "uid-7"])
        #expect(options["dryRun"] == ["All"])
    }

    @Test("the OpenAPI v2 document is served as JSON, and as the protobuf that kubectl reads")
    func openAPIV2Served() throws {
        let json = server.get("/openapi/v2").json
        #expect(json["swagger"] == "2.0")
        let spec = json["definitions"]?["com.example.tests.v1.Sample"]?["properties"]?["spec"]
        #expect(spec?["properties"]?["max"]?["minimum"] == 1)
        let type = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
        let answer = server.get("/openapi/v2", headers: ["accept": type])
        #expect(answer.response.contentType == type.replacing("@", with: "."))
        guard case .bytes(let bytes) = answer.response.body else { throw TestServer.NoWatch(target: "openapi") }
        // Document.definitions, Definitions.additional_properties, NamedSchema.name
        var document = ProtobufReader(bytes[...])
        var names: [String] = []
        while let (field, value) = try document.next() {
            guard field == 9, case .bytes(let definitions) = value else { continue }
            var named = ProtobufReader(definitions)
            while let (_, value) = try named.next() {
                guard case .bytes(let schema) = value else { continue }
                var reader = ProtobufReader(schema)
                if case (1, .bytes(let name))? = try reader.next() {
                    names.append(String(decoding: name, as: UTF8.self))
                }
            }
        }
        #expect(names == (json["definitions"]?.objectValue?.keys.sorted() ?? []))
        #expect(names.contains("com.example.tests.v1.Sample"))
    }

    @Test("an autoscaler is the same in both versions, and v1 keeps what it cannot express")
    func autoscalerVersionsV1() {
        let v1 = "/apis/autoscaling/v1/namespaces/test/horizontalpodautoscalers"
        let v2 = "/apis/autoscaling/v2/namespaces/test/horizontalpodautoscalers"
        let target: JSON = ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"]
        let created = server.post(
            v1,
            [
                "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": ["name": "web"],
                "spec": ["scaleTargetRef": target, "maxReplicas": 7, "targetCPUUtilizationPercentage": 53],
            ])
        #expect(created.status == 201)
        let cpu: JSON = [
            "type": "Resource",
            "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 53]],
        ]
        let memory: JSON = [
            "type": "Resource", "resource": ["name": "memory", "target": ["type": "Value", "value": "1Gi"]],
        ]
        #expect(server.get("\(v2)/web").json["spec"]?["metrics"] == [cpu])
        #expect(server.merge("\(v2)/web", ["spec": ["metrics": [memory, cpu]]]).status == 200)
        #expect(server.get("\(v1)/web").json["spec"]?["targetCPUUtilizationPercentage"] == 53)
        #expect(server.get("\(v1)/web").json["spec"]?["metrics"] == nil)
        #expect(server.merge("\(v1)/web", ["spec": ["maxReplicas": 9]]).status == 200)
        let object = server.get("\(v2)/web").json
        #expect(object["spec"]?["maxReplicas"] == 9)
        #expect(object["spec"]?["metrics"] == [cpu, memory])
    }
}
