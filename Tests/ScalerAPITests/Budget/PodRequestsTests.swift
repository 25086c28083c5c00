import Scaling
import Testing
import WireFormats

@testable import ScalerAPI

@Suite("What a pod requests")
struct PodRequestsTests {
    private static func container(_ resources: JSON, restartPolicy: JSON? = nil) -> JSON {
        var container: [String: JSON] = ["name": "c", "resources": resources]
        container["restartPolicy"] = restartPolicy
        return .object(container)
    }

    private static func requests(_ spec: JSON) -> PodRequests? { PodRequests(podSpec: spec) }

    private static func cpu(_ text: String) -> JSON { ["requests": ["cpu": .string(text)]] }

    @Test(
        "a quantity is read exactly, and rounded up to a millionth",
        arguments: [
            ("0", 0), ("1", 1_000_000), ("250m", 250_000), ("0.1", 100_000), (".5", 500_000), ("3.", 3_000_000),
            ("1u", 1), ("1n", 1), ("1001n", 2), ("999999n", 1_000), ("0n", 0), ("2e3", 2_000_000_000),
            ("15E-1", 1_500_000), ("1.5Gi", 1_610_612_736_000_000), ("128974848000m", 128_974_848_000_000),
            ("+7k", 7_000_000_000), ("4398046511103", 4_398_046_511_103_000_000),
            ("1Ei", 1_152_921_504_606_846_976_000_000),
            ("0.1Ki", 102_400_000), ("0.0000001", 1), ("0e999999", 0), ("1e-999999", 1),
            ("1.00000000000000000000000000000000001", 1_000_001),
        ] as [(String, Int128)])
    func quantity(text: String, millionths: Int128) {
        #expect(BudgetAmount(quantity: text)?.millionths == millionths)
    }

    @Test(
        "another text is no quantity",
        arguments: [
            "", " 1", "1 ", "-1", "-0", "1.2.3", ".", "m", "1mm", "1gi", "1K", "e3", "1e", "1e+", "0x10", "١",
            "1\u{FEFF}",
            "1e999999", "99999999999999999999999999999999999999999", "5Zi",
        ])
    func noQuantity(text: String) { #expect(BudgetAmount(quantity: text) == nil) }

    @Test("containers and sidecars add up, and the overhead comes on top")
    func sum() throws {
        let requests = try #require(
            Self.requests([
                "containers": [Self.container(Self.cpu("250m")), Self.container(Self.cpu("1.1"))],
                "initContainers": [
                    Self.container(Self.cpu("100m"), restartPolicy: "Always"), Self.container(Self.cpu("1")),
                ],
                "overhead": ["cpu": "7m", "memory": "120Mi"],
            ]))
        #expect(requests.amount(of: "cpu")?.millionths == 1_457_000)
        // No container requests memory.
        #expect(requests.amount(of: "memory") == nil)
    }

    @Test("an init container that needs more than all others decides, with the sidecars that started before it")
    func initContainers() throws {
        let requests = try #require(
            Self.requests([
                "containers": [Self.container(Self.cpu("1"))],
                "initContainers": [
                    Self.container(Self.cpu("300m"), restartPolicy: "Always"), Self.container(Self.cpu("5")),
                    Self.container(Self.cpu("200m"), restartPolicy: "Always"),
                ],
            ]))
        #expect(requests.amount(of: "cpu")?.millionths == 5_300_000)
    }

    @Test("a limit stands for an absent request, and numbers are quantities too")
    func limits() throws {
        let requests = try #require(
            Self.requests([
                "containers": [
                    Self.container(["limits": ["nvidia.com/gpu": 2, "cpu": "3"], "requests": ["cpu": "0.5"]]),
                    Self.container(["limits": ["cpu": 0.25]]),
                ]
            ]))
        #expect(requests.amount(of: "nvidia.com/gpu")?.millionths == 2_000_000)
        #expect(requests.amount(of: "cpu")?.millionths == 750_000)
    }

    @Test("the resources of the pod take precedence over those of its containers")
    func podLevel() throws {
        let pod: JSON = ["requests": ["cpu": "2"], "limits": ["cpu": "4", "memory": "1Gi"]]
        let requests = try #require(
            Self.requests([
                "containers": [
                    Self.container(["requests": ["cpu": "3", "memory": "64Mi"]]), Self.container(Self.cpu("1")),
                ], "resources": pod, "overhead": ["cpu": "1m"],
            ]))
        #expect(requests.amount(of: "cpu")?.millionths == 2_001_000)
        #expect(requests.amount(of: "memory")?.units == 1_073_741_824)
    }

    @Test("without a request, CPU and memory are unknown, and devices are 0")
    func absent() throws {
        let requests = try #require(
            Self.requests(["containers": [Self.container(Self.cpu("1")), ["name": "sidecar"]]]))
        #expect(requests.amount(of: "cpu") == nil)
        #expect(requests.amount(of: "memory") == nil)
        #expect(requests.amount(of: "tokens") == nil)
        #expect(requests.amount(of: "nvidia.com/gpu") == .zero)
        #expect(requests.amount(of: "hugepages-2Mi") == .zero)
    }

    @Test(
        "a malformed, negative or too large request is unknown, also of a device", arguments: ["2 GPUs", "-1", "5e12"])
    func malformed(text: String) throws {
        let requests = try #require(
            Self.requests([
                "containers": [
                    Self.container(["requests": ["nvidia.com/gpu": .string(text), "cpu": "1"]]),
                    Self.container(Self.cpu("1")),
                ]
            ]))
        #expect(requests.amount(of: "nvidia.com/gpu") == nil)
        #expect(requests.amount(of: "cpu")?.units == 2)
    }

    @Test("an object without containers in spec.template has no known requests")
    func noTemplate() {
        #expect(PodRequests(target: ["spec": ["replicas": 2, "workloadRef": ["name": "web"]]]) == nil)
        #expect(PodRequests(target: ["spec": ["template": ["spec": ["containers": []]]]]) == nil)
        #expect(PodRequests(target: .null) == nil)
    }

    @Test("the consumption is that of the budget, else of the scaler, else of the pod template")
    func order() throws {
        let budget = try ScalingBudgetSpec.parse([
            "limits": [
                ["unit": "cpu", "amount": 9], ["unit": "replicas", "amount": 9], ["unit": "cost", "perHour": 9],
            ],
            "consumption": [
                ["selector": ["matchLabels": ["size": "large"]], "amounts": ["cpu": 4]],
                ["selector": ["matchLabels": ["size": "large"]], "amounts": ["cpu": 5, "cost": 0]],
            ],
        ]).get()
        var member = ReplicaConsumption(labels: [:], namespaceLabels: [:], declared: [:])
        func cpu() -> Double? { budget.consumption(of: "cpu", by: member)?.units }
        #expect(cpu() == nil)
        #expect(budget.consumption(of: "replicas", by: member)?.units == 1)
        member.requests = PodRequests(podSpec: ["containers": [Self.container(Self.cpu("1500m"))]])
        #expect(cpu() == 1.5)
        member.declared["cpu"] = BudgetAmount(2)
        #expect(cpu() == 2)
        member.labels["size"] = "large"
        #expect(cpu() == 4)
        #expect(budget.consumption(of: "cost", by: member) == .zero)
    }
}
