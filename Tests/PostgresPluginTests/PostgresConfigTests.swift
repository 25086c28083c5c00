import HTTPTransport
import PluginSDK
import SourceSupport
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_postgresql

@Suite struct PostgresConfigTests {
    private static let query = #""query": "SELECT 1""#
    private static let login = #""database": "d", "username": "u", \#(query)"#

    private func problems(_ fields: String) -> [ConfigProblem] {
        do throws(ConfigProblems) {
            _ = try PostgresConfig(parsing: "{\(fields)}")
            return []
        } catch {
            return error.problems
        }
    }

    private func endpoint(_ fields: String) throws -> PostgresEndpoint {
        try PostgresEndpoint(PostgresConfig(parsing: "{\(fields)}"), files: NoFiles())
    }

    @Test(
        "each config problem is reported with its field",
        arguments: [
            (
                #""database": "d", "username": "u", "query": "SELECT 1""#, "",
                "exactly one of address, addresses and url"
            ),
            (
                #""address": "a", "url": "postgresql://b/d", "username": "u", "query": "SELECT 1""#, "address",
                "exactly one"
            ),
            (#""address": "a:0", \#(login)"#, "address", "port from 1 to 65535"),
            (#""address": "postgresql://a/d", \#(login)"#, "address", "goes into url"),
            (#""address": "unix:///run/postgresql", \#(login)"#, "address", ".s.PGSQL.5432"),
            (#""address": "unix:///run/../x/.s.PGSQL.5432", \#(login)"#, "address", ".s.PGSQL.5432"),
            (#""address": "unix:///run/.s.PGSQL.+5432", \#(login)"#, "address", ".s.PGSQL.5432"),
            (#""address": "/run/postgresql", \#(login)"#, "address", "unix://"),
            (#""address": "a,b", \#(login)"#, "address", "host:port"),
            (#""addresses": [], \#(login)"#, "addresses", "from 1 to 8"),
            (#""addresses": ["a", "b c"], \#(login)"#, "addresses[1]", "host:port"),
            (#""address": "a", "username": "u", "query": "SELECT 1""#, "database", "is required"),
            (#""address": "a", "database": "d", "query": "SELECT 1""#, "username", "is required"),
            (#""url": "postgresql://u@a", "query": "SELECT 1""#, "database", "is required"),
            (#""url": "postgresql://a/d", "query": "SELECT 1""#, "username", "is required"),
            (#""url": "postgresql://u@a/d", "username": "v", "query": "SELECT 1""#, "username", "is in url, too"),
            (#""url": "postgresql://u@a/d", "database": "e", "query": "SELECT 1""#, "database", "is in url, too"),
            (
                #""url": "postgresql://u:canary@a/d", "password": "p", "query": "SELECT 1""#, "password",
                "is in url, too"
            ),
            (
                #""url": "postgresql://u@a/d?target_session_attrs=any", "role": "primary", "query": "SELECT 1""#,
                "role",
                "is in url, too"
            ),
            (#""url": "postgresql://u@a/d?sslmode=disable", "tls": {}, "query": "SELECT 1""#, "tls", "contradict"),
            (
                #""url": "postgresql://u@a/d?sslmode=verify-full", "tls": {"insecureSkipVerify": true}, "query": "SELECT 1""#,
                "tls", "contradict"
            ),
            (#""address": "unix:///run/.s.PGSQL.5432", "tls": {}, \#(login)"#, "tls", "Unix socket"),
            (#""address": "a", "database": "d", "username": "u", "query": " ;\n""#, "query", "SQL statement"),
            (#""address": "a", "database": "d\u0000e", "username": "u", "query": "SELECT 1""#, "database", "NUL"),
            (#""address": "a", "database": "d", "username": "u", "query": "SELECT 1\u0000; DROP""#, "query", "NUL"),
        ])
    func configProblemReported(fields: String, path: String, message: String) {
        let found = problems(fields)
        #expect(found.contains { $0.path == path && $0.message.contains(message) }, "\(found)")
        #expect(!found.contains { $0.message.contains("canary") })
    }

    @Test(
        "a URL that is malformed or could name another server is refused without being repeated",
        arguments: [
            "postgres:canary", "mysql://u:canary@a/d", "postgresql://", "postgresql:///d", "postgresql://u:canary@/d",
            "postgresql://u:canary@a:0/d", "postgresql://u:canary@a:65536/d", "postgresql://u:canary@a:5432x/d",
            "postgresql://u:can@ary@a/d", "postgresql://u:canary@a/d@e", "postgresql://:canary@a/d",
            "postgresql://u:canary@a/d/e", "postgresql://u:canary@a/d#f", "postgresql://u:can ary@a/d",
            "postgresql://u:canary%@a/d", "postgresql://u:canary%+1@a/d", "postgresql://u:canary%00@a/d",
            "postgresql://u:canary@%2Frun%2Fpostgresql/d", "postgresql://u:canary@a,/d", "postgresql://u:canary@a,,b/d",
            "postgresql://u:canary@a/d?host=evil", "postgresql://u:canary@a/d?hostaddr=10.1.2.3",
            "postgresql://u:canary@a/d?port=1", "postgresql://u:canary@a/d?service=s",
            "postgresql://u:canary@a/d?passfile=/x",
            "postgresql://u:canary@a/d?sslrootcert=/x", "postgresql://u:canary@a/d?sslkey=/x",
            "postgresql://u:canary@a/d?user=v",
            "postgresql://u:canary@a/d?options=-c%20a=b", "postgresql://u:canary@a/d?sslmode=allow",
            "postgresql://u:canary@a/d?sslmode=", "postgresql://u:canary@a/d?sslmode",
            "postgresql://u:canary@a/d?SSLMODE=require",
            "postgresql://u:canary@a/d?sslmode=require&sslmode=disable", "postgresql://u:canary@a/d?ssl%6Dode=require",
            "postgresql://u:canary@a/d?target_session_attrs=prefer-standby", "postgresql://u:canary@a?host=evil/d",
            "postgresql://a,b,c,d,e,f,g,h,i/d", "host=a user=u password=canary",
        ])
    func urlMalformedCould(url: String) {
        let found = problems(#""url": \#(JSON.string(url)), \#(Self.query)"#)
        #expect(found.contains { $0.path == "url" }, "\(found)")
        #expect(!found.contains { $0.message.contains("canary") || $0.message.contains("evil") })
    }

    @Test("a URL is equivalent to the single fields")
    func urlEquivalentSingle() throws {
        let url = try endpoint(
            #""url": "postgresql://sc%40ler:p%2Fw%3A@pg.shop:6543,[fd00::7]/my%20db?sslmode=verify-ca&target_session_attrs=read-only&application_name=x", \#(Self.query)"#
        )
        #expect(
            url.servers == [.tcp(HostPort(host: "pg.shop", port: 6_543)), .tcp(HostPort(host: "fd00::7", port: 5_432))])
        #expect(url.username == "sc@ler")
        #expect(url.password?.reveal() == "p/w:")
        #expect(url.database == "my db")
        #expect(url.tlsMode == .verifyCA)
        #expect(url.role == .standby)
        #expect(url.description == "pg.shop:6543, [fd00::7]:5432")
        let fields = try endpoint(
            #""addresses": ["pg.shop", "unix:///run/pg/.s.PGSQL.5433"], "role": "primary", \#(Self.login)"#)
        #expect(
            fields.servers == [
                .tcp(HostPort(host: "pg.shop", port: 5_432)), .socket(directory: "/run/pg", port: 5_433),
            ])
        #expect(fields.role == .primary)
        #expect(fields.description == "pg.shop:5432, unix:///run/pg/.s.PGSQL.5433")
    }

    @Test("a config without tls and sslmode uses TLS if the server offers it")
    func configTlsSslmode() throws {
        #expect(try endpoint(#""address": "a", \#(Self.login)"#).tlsMode == .prefer)
        #expect(
            try endpoint(#""address": "a", "tls": {"insecureSkipVerify": true}, \#(Self.login)"#).tlsMode == .require)
        #expect(try endpoint(#""url": "postgresql://u@a/d?sslmode=disable", \#(Self.query)"#).tlsMode == .disable)
        #expect(
            try endpoint(#""url": "postgresql://u@a/d?sslmode=verify-full", "tls": {}, \#(Self.query)"#).tlsMode
                == .verifyFull)
    }

    @Test("printing a config shows no password")
    func printingConfigShows() throws {
        let config = try PostgresConfig(parsing: #"{"url": "postgresql://u:canary%2Dword@a/d", \#(Self.query)}"#)
        #expect(!"\(config) \(config.configJSON)".contains("canary"))
        #expect(!"\(try PostgresEndpoint(config, files: NoFiles()))".contains("canary"))
    }

    @Test("a client key without a certificate is refused, and an unreadable file is reported")
    func clientKeyCertificate() throws {
        #expect(problems(#""address": "a", "tls": {"key": "k"}, \#(Self.login)"#).map(\.path) == ["tls.cert"])
        let error = #expect(throws: PluginError.self) {
            try endpoint(#""address": "a", "tls": {"ca": "/nonexistent/ca.pem"}, \#(Self.login)"#)
        }
        #expect(error?.path == "tls.ca")
    }
}
