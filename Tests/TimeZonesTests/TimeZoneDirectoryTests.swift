import FoundationEssentials
import Scaling
import Testing
import TimeZones

@Suite("A directory of time zones")
struct TimeZoneDirectoryTests {
    private static func message(_ name: String, in directory: TimeZoneDirectory = .system) -> String? {
        do throws(TimeZoneProblem) {
            _ = try directory.zone(name)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("the version of the time zone database is read from the directory")
    func version() throws {
        let version = try #require(TimeZoneDirectory.system.version)
        #expect(version.hasPrefix("20") && version.count == 5)
    }

    @Test(
        "zones, links between zones and zones without changes are found",
        arguments: [
            ("America/New_York", -18_000), ("America/Argentina/Buenos_Aires", -10_800), ("Asia/Kathmandu", 20_700),
            ("Etc/GMT+5", -18_000), ("UTC", 0), ("Etc/UTC", 0), ("GB", 0), ("EST5EDT", -18_000),
        ] as [(String, Int64)])
    func zones(name: String, offset: Int64) throws {
        // 2026-01-01
        #expect(try TimeZoneDirectory.system.zone(name).span(at: 1_767_225_600).offset == offset)
    }

    @Test(
        "invalid zone names are rejected, and no name escapes the directory",
        arguments: [
            "", "/etc/localtime", "../zoneinfo/UTC", "America/../UTC", "America//New_York", "America/", "localtime",
            "posixrules", "posix/UTC", "right/UTC", "Factory", "zone.tab", "tzdata.zi", "Europe/Berlin\u{0}", "5EST",
            "A/B/C/D/E", "Européen/Berlin", String(repeating: "A", count: 65),
        ])
    func names(name: String) {
        #expect(Self.message(name)?.hasPrefix("must be the name of a time zone") == true)
    }

    @Test("the error for an unknown zone contains the database version and says that case matters")
    func unknown() throws {
        let version = try #require(TimeZoneDirectory.system.version)
        let message = try #require(Self.message("europe/berlin"))
        #expect(message.contains("\"europe/berlin\" is not a time zone of the IANA database \(version)"))
        #expect(message.contains("names are case-sensitive"))
        // A directory is no zone either.
        #expect(Self.message("America") != nil)
    }

    @Test("a directory without time zone data knows only UTC, and the error names the package to install")
    func missing() throws {
        let directory = TimeZoneDirectory("/nonexistent")
        #expect(directory.version == nil)
        #expect(try directory.zone("UTC").span(at: 0).offset == 0)
        #expect(Self.message("Europe/Berlin", in: directory)?.contains("install the package tzdata") == true)
    }

    @Test("time zone files that are malformed, truncated or too large are rejected")
    func damaged() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "zones-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root.appending(path: "Etc"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        let real = try Data(contentsOf: URL(filePath: "/usr/share/zoneinfo/Europe/Berlin"))
        let files: [String: Data] = [
            "Text": Data("# zone".utf8), "Empty": Data(), "Cut": real.prefix(real.count / 2),
            "Large": real + Data(repeating: 0x20, count: 64 << 10), "Etc/UTC": real,
        ]
        for (name, data) in files { try data.write(to: root.appending(path: name)) }
        let directory = TimeZoneDirectory(root.path)
        for name in ["Text", "Empty", "Cut", "Large"] {
            #expect(Self.message(name, in: directory)?.contains("\(name) is not a time zone file") == true, "\(name)")
        }
    }
}
