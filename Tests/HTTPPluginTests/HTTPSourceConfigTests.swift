import HTTPTransport
import PluginSDK
import Testing

@testable import generalscaler_plugin_http

@Suite("config of an HTTP source")
struct HTTPSourceConfigTests {
    private func problems(_ fields: String, url: String = "http://shop/x") -> [String] {
        do throws(ConfigProblems) {
            _ = try HTTPSourceConfig(parsing: #"{"url": "\#(url)"\#(fields.isEmpty ? "" : ", ")\#(fields)}"#)
            return []
        } catch {
            return error.problems.map(\.path)
        }
    }

    @Test(
        "a URL must be absolute, without user and fragment, and percent-encoded",
        arguments: [
            ("http://shop/api/queues/%2F/orders?columns=messages", true), ("https://[fd00::1]:8443", true),
            ("http://shop?from=${now-5m}&to=${now}", true), ("shop/x", false), ("ftp://shop/x", false),
            ("http://user:password@shop/x", false), ("http://shop/x#y", false), ("http://shop/x?a=b#c", false),
            ("http://shop/a b", false), ("http://shop/x?q=a b", false), ("http://shop/x?q=ö", false),
            ("http:///x", false), ("http://shop:0/x", false), ("http://shop/x?t=${then}", false),
            ("http://shop/x?t=${now", false), ("http://shop/${now}", false), ("http://shop${now}/?a=b", false),
        ])
    func urls(url: String, isValid: Bool) {
        #expect(problems("", url: url) == (isValid ? [] : ["url"]))
    }

    @Test(
        "fields that do not fit together are rejected, each with its path",
        arguments: [
            (#""body": "{}""#, ["body"]), (#""method": "POST", "body": "${x}""#, ["body"]),
            (#""method": "POST", "body": "{\"a\": ${now-90s}}""#, []), (#""method": "PUT""#, ["method"]),
            (#""jsonPath": "messages""#, ["jsonPath"]), (#""jsonPath": "$.a", "metric": "a""#, ["jsonPath"]),
            (#""jsonPath": "$.a", "format": "text""#, ["jsonPath"]), (#""format": "prometheus""#, ["metric"]),
            (#""metric": "a{", "format": "prometheus""#, ["metric"]), (#""metric": "a", "format": "json""#, ["metric"]),
            (#""jsonPath": "$[?match(@.a, '\\\\d')]""#, ["jsonPath"]), (#""headers": {"A:": "b"}"#, ["headers.A:"]),
            (#""headers": {"Host": "b"}"#, ["headers.Host"]), (#""headers": {"X-A": "a\nb"}"#, ["headers.X-A"]),
            (#""headers": {"X-A": "a", "x-a": "b"}"#, ["headers.x-a"]),
            (#""headers": {"authorization": "b"}"#, []),
            (#""headers": {"authorization": "b"}, "auth": {"bearer": {"token": "t"}}"#, ["headers.authorization"]),
            (#""auth": {}"#, ["auth"]), (#""auth": {"google": {"credentials": "{}"}}"#, ["auth.google.credentials"]),
            (#""auth": {"bearer": {"token": "t"}, "basic": {"username": "u", "password": "p"}}"#, ["auth"]),
            (#""auth": {"basic": {"username": "u:v", "password": "p"}}"#, ["auth.basic.username"]),
            (#""auth": {"sigv4": {"region": "eu west", "service": "s"}}"#, ["auth.sigv4.region"]),
            (
                #""auth": {"oauth2": {"tokenURL": "login", "clientID": "c", "clientSecret": "s", "parameters": {"scope": "x"}}}"#,
                ["auth.oauth2.tokenURL", "auth.oauth2.parameters.scope"]
            ), (#""timeoutSeconds": 0"#, ["timeoutSeconds"]), (#""aggregation": "median""#, ["aggregation"]),
        ] as [(String, [String])])
    func fields(fields: String, paths: [String]) {
        #expect(problems(fields) == paths)
    }

    @Test("times are inserted as seconds since 1970, rounded down")
    func times() throws {
        let text = try TimeTemplate.filled(
            "${now} ${now-1s} ${now-5m} ${now-2h} ${now-366d} $now {}", nowMicroseconds: HTTPPlugin.now)
        #expect(text == "1796001825 1796001824 1796001525 1795994625 1764379425 $now {}")
        for faulty in ["${}", "${now-}", "${now-5}", "${now+5m}", "${now-m}", "${now--5m}", "${now-367d}", "${ now}"] {
            #expect(throws: ConfigFault.self) { try TimeTemplate.filled(faulty, nowMicroseconds: 0) }
        }
    }

    @Test(
        "a request has the config's method, body and headers, and Content-Type and Accept unless the config sets them")
    func request() async throws {
        let client = FakeServer(.answer("1"), .answer("2"), .answer("a 3", type: "text/plain"))
        let plugin = HTTPPlugin(client: client)
        _ = try await plugin.value(
            #""method": "POST", "body": "{\"from\": ${now-5m}}", "headers": {"X-Key": "k"}"#,
            url: "http://shop/x?to=${now}")
        _ = try await plugin.value(
            #""method": "POST", "headers": {"content-type": "application/x-amz-json-1.0", "ACCEPT": "x/y"}"#)
        _ = try await plugin.value(#""metric": "a""#)
        let requests = client.requests.map { request in
            [request.method, request.url, request.body.map { String(decoding: $0, as: UTF8.self) } ?? "-"]
                + request.headers.map { "\($0.name)=\($0.value)" }.sorted()
        }
        #expect(
            requests == [
                [
                    "POST", "http://shop/x?to=1796001825", #"{"from": 1796001525}"#,
                    "Accept-Encoding=identity", "Accept=application/json,*/*;q=0.5", "Content-Type=application/json",
                    "X-Key=k",
                ],
                [
                    "POST", "http://shop:8080/queue", "", "ACCEPT=x/y", "Accept-Encoding=identity",
                    "content-type=application/x-amz-json-1.0",
                ],
                [
                    "GET", "http://shop:8080/queue", "-", "Accept-Encoding=identity",
                    "Accept=application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
            ])
    }
}
