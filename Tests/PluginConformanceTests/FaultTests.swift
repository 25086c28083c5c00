import CLinux
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// One plugin for each rule that no violation of the misbehaving plugin covers.
@Suite("A plugin that breaks one rule fails on it", .timeLimit(.minutes(5)))
struct FaultTests {
    private func check(
        capabilities: String = "{}", _ extra: String = "", badConfig: JSON? = nil, oneshot: Bool = false,
        only: Set<RuleID> = []
    ) async throws -> CheckReport {
        let plugin = try ScriptedPlugin(capabilities: capabilities, extra: extra)
        var options = CheckOptions()
        options.badConfig = badConfig
        options.only = only
        options.launcher = BuiltExecutable.path("generalscaler-launch")
        var command = plugin.command
        command.isOneshot = oneshot
        return try await CheckFixture.check(command, options)
    }

    @Test("a plugin with batch, range, push and log keeps every rule")
    func good() async throws {
        let report = try await check(
            capabilities: #"{"batch": True, "range": True, "subscribe": True}"#,
            #"send({"method": "log", "params": {"level": "info", "message": "hello"}})"#, badConfig: ["key": 1])
        CheckFixture.expectConformant(
            report,
            kept: [
                .fileName, .bareStart, .batch, .range, .subscribe, .pushedReading, .unsubscribe, .badConfig,
                .secretsUnseen, .schemaHolds,
            ])
    }

    @Test(
        "a plugin that breaks one rule fails on that rule and on no other",
        arguments: [
            (
                RuleID.fileName,
                "handshake = initialize\ndef initialize(p): return rename(handshake(p), 'type', 'other')"
            ),
            (.handshakeShape, "handshake = initialize\ndef initialize(p): return drop(handshake(p), 'plugin')"),
            (
                .noCommonVersion,
                "handshake = initialize\ndef initialize(p): return handshake({'protocolVersions': [1]})"
            ),
            (.metricTypes, "handshake = initialize\ndef initialize(p): return rename(handshake(p), 'description', '')"),
            (.configSchema, "SCHEMA.pop('additionalProperties')"),
            (.filledFields, "SCHEMA['properties']['pod'] = {'type': 'string', 'x-from': 'pod.name'}"),
            (.filledFields, "SCHEMA['properties']['of'] = {'items': {'x-from': 'scaler.name'}}"),
            (.capabilities, "CAPABILITIES['subscribe'] = 'yes'"),
            (
                .unknownMembers,
                "inner = handle\ndef handle(r): return error(-32602, 'xNew') if 'xNew' in r else inner(r)"
            ),
            (
                .longestRequest,
                "inner = handle\ndef handle(r): return {'result': {'valid': True}} if len(str(r)) > 60000 else inner(r)"
            ),
            (
                .escapedText,
                "inner = handle\ndef handle(r): return {'result': {'valid': True}} if chr(0x2028) in ''.join(r['params'].get('config', {})) else inner(r)"
            ),
            (
                .unknownMethod,
                "inner = handle\ndef handle(r): return {'result': {}} if 'x_' in r['method'] else inner(r)"
            ),
            (
                .notifications,
                """
                loads = json.loads
                def seen(line):
                    r = loads(line)
                    if 'id' not in r: send({'id': None} | error(-32600, 'a notification'))
                    return r
                json.loads = seen
                """
            ),
            (.errorShape, "def error(code, message): return {'error': {'code': code}}"),
            (
                .secretsUnseen,
                "def faults(c): print(c, file=sys.stderr); return [{'path': k, 'message': 'x'} for k, v in c.items() "
                    + "if k != 'key' or type(v) != str]"
            ),
            (.validateShape, "def validate_config(p): return {'result': {'ok': True}}"),
            (.goodConfig, "def faults(config): return [{'path': k, 'message': 'x'} for k in [*config, '']]"),
            (.unknownKey, "def faults(c): return [{'path': '', 'message': 'x'}] if c else []"),
            (
                .schemaHolds,
                "def faults(config): return [{'path': k, 'message': 'x'} for k in config if k != 'key']"
            ),
            (.refusedConfig, "def get_metric_value(p): return {'result': reading()}"),
            (.readingShape, "inner = reading\ndef reading(): return inner() | {'unit': 3}"),
            (.finiteValue, "inner = reading\ndef reading(): return inner() | {'value': None}"),
            (.observedAt, "inner = reading\ndef reading(): return inner() | {'observedAt': '2126-01-02T03:04:05Z'}"),
            (.usefulReplicas, "inner = reading\ndef reading(): return inner() | {'usefulReplicas': 0}"),
            (.activity, "inner = reading\ndef reading(): return inner() | {'active': 1}"),
            (
                .targetTypes,
                "inner = handle\ndef handle(r): return error(-32602, 'x') if 'Average' in str(r) else inner(r)"
            ),
            (
                .boundedResources,
                "import os\ninner = reading\ndef reading(): os.open('/dev/null', 0); return inner()"
            ),
            (.batch, "CAPABILITIES['batch'] = True\ndef get_metric_values(p): return {'result': {'answers': []}}"),
            (.range, "CAPABILITIES['range'] = True\ndef get_metric_range(p): return {'result': {'points': []}}"),
            (.inFlight, "CAPABILITIES['maxInFlight'] = 9\n" + Self.busyWhenMany),
            (.shutdown, "METHODS.append('shutdown')\ndef shutdown(p): return {'result': {}}"),
        ])
    func fault(rule: RuleID, extra: String) async throws {
        let helpers = """
            def rename(answer, key, to):
                if 'result' in answer: answer['result']['metricTypes'][0][key] = to
                return answer
            def drop(answer, key):
                answer.get('result', {}).pop(key, None)
                return answer
            """
        let report = try await check(helpers + "\n" + extra)
        #expect(report.failures.map(\.rule.id) == [rule], "\(ReportFormat.human.text(report, colors: false))")
    }

    /// A plugin that finds the next line available when it is about to answer.
    private static let busyWhenMany = """
        import select, os
        inner = handle
        pending = b''
        class Lines:
            def __iter__(self):
                global pending
                while True:
                    while b'\\n' not in pending:
                        chunk = os.read(0, 65536)
                        if not chunk: return
                        pending += chunk
                    line, _, pending = pending.partition(b'\\n')
                    yield line
        sys.stdin = Lines()
        def handle(r):
            return error(1008, 'busy') if b'\\n' in pending and r['method'] == 'get_metric_value' else inner(r)
        """

    @Test("a --bad-config that is valid is reported")
    func badConfig() async throws {
        let valid = try await check(badConfig: ["key": "fine"])
        #expect(valid.failures.map(\.rule.id) == [.badConfig])
    }

    @Test("a config check that needs a network is reported, or skipped if the environment cannot show it")
    func network() async throws {
        let report = try await check(
            """
            import socket
            def validate_config(params):
                try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))
                except OSError: return {"result": {"valid": False, "errors": [{"path": "", "message": "offline"}]}}
                wrong = faults(params["config"])
                return {"result": {"valid": False, "errors": wrong} if wrong else {"valid": True}}
            """)
        guard NetworkNamespace.isAvailable else { return expectSkipped(.noNetwork, in: report) }
        #expect(report.failures.map(\.rule.id) == [.noNetwork])
    }

    @Test("a plugin that reads files outside the sandbox is reported, or skipped if the environment cannot show it")
    func sandbox() async throws {
        let report = try await check(
            "import os\ninner = reading\ndef reading(): os.listdir('/var/log'); return inner()")
        guard clinux_landlock_version() > 0 else { return expectSkipped(.confined, in: report) }
        #expect(report.failures.map(\.rule.id) == [.confined], "\(ReportFormat.human.text(report, colors: false))")
        #expect(report.failures.first?.findings.first?.message.contains("Permission denied") == true)
    }

    /// Checks that a rule is skipped: a rule that cannot be checked on this machine must not pass.
    private func expectSkipped(_ rule: RuleID, in report: CheckReport) {
        guard case .skipped? = report.outcome(of: rule) else {
            Issue.record("\(rule) is not skipped where it cannot be checked")
            return
        }
        #expect(report.failures.isEmpty)
    }

    @Test("a source that does not answer is not a fault of the plugin, and its unverified rules are skipped")
    func unreachable() async throws {
        let report = try await check(
            "def reading(): pass\ndef get_metric_value(p): return error(1001, 'x') if "
                + "faults(p['config']) else error(1003, 'no such host: check the address')")
        CheckFixture.expectConformant(report, kept: [.deadline, .errorShape, .refusedConfig, .targetTypes])
        guard case .skipped(let reason)? = report.outcome(of: .readingShape) else {
            Issue.record("P-33 is not skipped")
            return
        }
        #expect(reason.contains("source_unreachable: no such host"))
    }

    @Test("a oneshot plugin that does not exit, or exits with an error, is reported")
    func oneshot() async throws {
        let failing = try await check(
            "import atexit, os\natexit.register(lambda: os._exit(4))", oneshot: true, only: [.oneshot])
        #expect(failing.failures.map(\.rule.id) == [.oneshot])
        let staying = try await check(
            "import atexit, time\natexit.register(lambda: time.sleep(60))", oneshot: true, only: [.oneshot])
        #expect(staying.failures.map(\.rule.id) == [.oneshot])
        #expect(staying.hasHang)
    }
}
