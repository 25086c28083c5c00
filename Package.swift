// swift-tools-version: 6.2
import PackageDescription

// Modules that dominate the run time of the fault simulation, except those that PluginSDK consists of: a package with
// such flags cannot be depended on.
let optimizedInDebug: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

// Relocations that are packed (RELR) leave up to 3 MiB less of each program in memory. Needs lld, and glibc 2.36 where
// the program runs.
let packedRelocations: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"],
        .when(platforms: [.linux], configuration: .release))
]

// The fuzz build (`make fuzz`): this package's modules are instrumented, and the one program that is built holds them
// all.
let isFuzzBuild = Context.environment["GENERALSCALER_FUZZ"] != nil

/// A metric source. A program cannot hold another, so that the fuzz build has its code as a library.
func plugin(_ source: String, dependencies: [Target.Dependency]) -> Target {
    let name = "generalscaler-plugin-\(source)"
    guard isFuzzBuild else {
        return .executableTarget(
            name: name, dependencies: dependencies, path: "Plugins/\(source)", linkerSettings: packedRelocations)
    }
    let entryPoint = ["-entry-point-function-name", "\(source)_main"].flatMap { ["-Xfrontend", $0] }
    return .target(
        name: name, dependencies: dependencies, path: "Plugins/\(source)",
        swiftSettings: [.unsafeFlags(entryPoint)])
}

/// The fuzz targets: a test that gives them their corpus, and in the fuzz build the fuzzer itself.
func fuzzTargets(dependencies: [Target.Dependency]) -> Target {
    let path = "Tests/Fuzzing"
    guard isFuzzBuild else {
        return .testTarget(name: "FuzzingTests", dependencies: dependencies, path: path, exclude: ["Corpus"])
    }
    return .executableTarget(
        name: "fuzz-parsers", dependencies: dependencies, path: path, exclude: ["Corpus", "CorpusTests.swift"],
        // libFuzzer brings a main of its own, and the gold linker stumbles over it.
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
}

let package = Package(
    name: "generalscaler",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "PluginSDK", targets: ["PluginSDK"]),
        .executable(name: "generalscaler", targets: ["generalscaler"]),
        .executable(name: "generalscaler-dev", targets: ["generalscaler-dev"]),
        .executable(name: "generalscaler-launch", targets: ["generalscaler-launch"]),
        .executable(name: "generalscaler-copy", targets: ["generalscaler-copy"]),
        .executable(name: "plugin-check", targets: ["plugin-check"]),
    ]
        + (isFuzzBuild
            ? []
            : ["http", "prometheus", "redis", "pubsub"].map { source in
                .executable(name: "generalscaler-plugin-\(source)", targets: ["generalscaler-plugin-\(source)"])
            }),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // What swift-subprocess's API takes paths and descriptors as.
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // Exact: PluginHost relies on how this version closes descriptors and reaps children.
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
    ],
    targets: [
        // MARK: System libraries
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        // A program that depends on it allocates with jemalloc: after a burst, the C library's allocator keeps three
        // times of what is in use.
        .target(name: "CJemalloc", linkerSettings: [.linkedLibrary("jemalloc")]),
        .target(name: "CLinux"),

        // MARK: Libraries
        // Optimized in debug builds too: with the cluster's stand-in, it is what the tests spend their time in.
        .target(name: "WireFormats"),
        .target(name: "SystemIO"),
        .target(name: "JSONPath", dependencies: ["WireFormats"]),
        .target(name: "YAMLFormat", dependencies: ["WireFormats", .product(name: "Yams", package: "Yams")]),
        .target(name: "HTTPTransport", dependencies: ["CCurl", "CLinux", "SystemIO"]),
        .target(name: "PluginProtocol", dependencies: ["WireFormats"]),
        .target(
            name: "PluginSDK",
            dependencies: [
                "PluginProtocol", "WireFormats", "CLinux",
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        // The access tokens of Google; apart from SourceSupport, so that only the sources that need them link a crypto
        // library.
        .target(
            name: "GoogleAuth",
            dependencies: [
                "HTTPTransport", "PluginSDK", "SourceSupport", "WireFormats",
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        // What the sources of this package share; plugin authors elsewhere do without it.
        .target(name: "SourceSupport", dependencies: ["HTTPTransport", "PluginProtocol", "PluginSDK", "WireFormats"]),
        .target(
            name: "PluginHost",
            dependencies: [
                "PluginProtocol", "SystemIO", "WireFormats", "YAMLFormat", "CLinux",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .target(name: "Scaling"),
        .target(name: "ScalerAPI", dependencies: ["Scaling", "WireFormats"]),
        .target(
            name: "KubernetesClient",
            dependencies: [
                "HTTPTransport", "WireFormats", "YAMLFormat",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: optimizedInDebug
        ),
        .target(
            name: "Operator",
            dependencies: [
                "HTTPTransport", "KubernetesClient", "PluginHost", "PluginProtocol", "ScalerAPI", "Scaling",
                "SystemIO", "WireFormats",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ]
        ),
        .target(
            name: "Backtest", dependencies: ["Scaling", "WireFormats"], resources: [.embedInCode("Report/report.html")]),
        // What the programs share of a command line.
        .target(
            name: "CommandSupport",
            dependencies: [
                "WireFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),

        // MARK: Executables
        .executableTarget(
            name: "generalscaler",
            dependencies: [
                "Backtest", "CJemalloc", "CommandSupport", "HTTPTransport", "KubernetesClient", "Operator",
                "PluginHost", "PluginProtocol", "ScalerAPI", "Scaling", "WireFormats", "YAMLFormat",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            linkerSettings: packedRelocations
        ),
        .executableTarget(
            name: "generalscaler-launch",
            dependencies: ["CLinux"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]
        ),

        // MARK: Tools, never part of the image
        .target(
            name: "ClusterSimulator",
            dependencies: [
                "HTTPTransport", "SystemIO", "WireFormats", "YAMLFormat",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Tools/ClusterSimulator",
            resources: [.embedInCode("Resources/protobuf-fields.txt")],
            swiftSettings: optimizedInDebug
        ),
        .target(
            name: "PluginConformance",
            dependencies: ["CLinux", "PluginHost", "PluginProtocol", "WireFormats"],
            path: "Sources/Tools/PluginConformance"
        ),
        .executableTarget(
            name: "generalscaler-dev",
            dependencies: [
                "ClusterSimulator", "CommandSupport", "HTTPTransport", "KubernetesClient", "Operator", "PluginHost",
                "PluginProtocol", "ScalerAPI", "Scaling", "SystemIO", "WireFormats", "YAMLFormat",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Tools/generalscaler-dev",
            resources: [.embedInCode("Resources/crd.yaml"), .embedInCode("Resources/new-plugin")]
        ),
        // Linked statically, and without what a Swift program begins with: it runs in images that have no libraries.
        .executableTarget(
            name: "generalscaler-copy",
            dependencies: ["CLinux"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [.unsafeFlags(["-static-executable", "-nostartfiles"])]
        ),
        .executableTarget(
            name: "plugin-check",
            dependencies: [
                "PluginConformance", "PluginProtocol", "WireFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Tools/plugin-check"
        ),

        .executableTarget(
            name: "jsonpath-check",
            dependencies: [
                "CommandSupport", "JSONPath", "WireFormats",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Tools/jsonpath-check"
        ),

        // MARK: Plugins
        plugin("prometheus", dependencies: ["HTTPTransport", "PluginSDK", "SourceSupport", "WireFormats"]),
        plugin("redis", dependencies: ["CHiredis", "HTTPTransport", "PluginSDK", "SourceSupport"]),
        plugin(
            "http",
            dependencies: ["GoogleAuth", "HTTPTransport", "JSONPath", "PluginSDK", "SourceSupport", "WireFormats"]),
        plugin(
            "pubsub", dependencies: ["GoogleAuth", "HTTPTransport", "PluginSDK", "SourceSupport", "WireFormats"]),

        // MARK: Examples and benchmarks
        .executableTarget(
            name: "http-app",
            dependencies: [.product(name: "Hummingbird", package: "hummingbird")],
            path: "examples/http-app/Sources"
        ),
        .executableTarget(name: "worker", dependencies: ["CHiredis"], path: "examples/worker/Sources"),
        .executableTarget(
            name: "event-queue", dependencies: ["HTTPTransport", "WireFormats"], path: "examples/event-queue/Sources"),
        // Not named as a plugin is: a build folder serves as a plugin directory, and this one is not to be installed
        // there.
        .executableTarget(name: "random-plugin", dependencies: ["PluginSDK"], path: "examples/plugins/swift"),
        .executableTarget(
            name: "bench",
            dependencies: [
                "CCurl", "CLinux", "ClusterSimulator", "PluginHost", "PluginProtocol", "TestSupport", "WireFormats",
                "YAMLFormat",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Benchmarks/bench"
        ),
        .executableTarget(name: "bench-plugin", dependencies: ["PluginSDK"], path: "Benchmarks/bench-plugin"),

        // MARK: Tests
        .target(
            name: "TestSupport",
            dependencies: [
                "CLinux", "WireFormats",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestSupport"
        ),
        .testTarget(name: "SystemIOTests", dependencies: ["SystemIO"]),
        .testTarget(name: "WireFormatsTests", dependencies: ["TestSupport", "WireFormats"]),
        .testTarget(name: "JSONPathTests", dependencies: ["JSONPath", "WireFormats"]),
        .testTarget(name: "YAMLFormatTests", dependencies: ["WireFormats", "YAMLFormat"]),
        .testTarget(
            name: "HTTPTransportTests",
            dependencies: [
                "HTTPTransport", "TestSupport",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            // So that libcurl finds the tests' own resolver before the C library's.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=getaddrinfo"])]
        ),
        .testTarget(
            name: "PluginConformanceTests",
            dependencies: [
                "CLinux", "PluginConformance", "PluginProtocol", "TestSupport", "WireFormats", "generalscaler-dev",
                "generalscaler-launch", "generalscaler-plugin-http", "generalscaler-plugin-prometheus",
                "generalscaler-plugin-pubsub",
                "generalscaler-plugin-redis", "misbehaving-plugin", "plugin-check", "random-plugin", "test-plugin",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(name: "PluginProtocolTests", dependencies: ["PluginProtocol", "WireFormats"]),
        .executableTarget(name: "test-plugin", dependencies: ["PluginSDK"], path: "Tests/Fixtures/TestPlugin"),
        .executableTarget(name: "vector-plugin", dependencies: ["PluginSDK"], path: "Tests/Fixtures/VectorPlugin"),
        .executableTarget(
            name: "misbehaving-plugin",
            dependencies: ["WireFormats"],
            path: "Tests/Fixtures/MisbehavingPlugin"
        ),
        .testTarget(
            name: "PluginSDKTests",
            dependencies: [
                "PluginProtocol", "PluginSDK", "TestSupport", "WireFormats", "test-plugin",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .executableTarget(
            name: "call-prober",
            path: "Tests/Fixtures/CallProber",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]
        ),
        .testTarget(
            name: "PluginHostTests",
            dependencies: [
                "CLinux", "PluginHost", "PluginProtocol", "TestSupport", "WireFormats", "call-prober", "generalscaler",
                "generalscaler-launch", "generalscaler-plugin-http", "generalscaler-plugin-prometheus",
                "generalscaler-plugin-pubsub",
                "generalscaler-plugin-redis", "misbehaving-plugin",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(name: "ScalingTests", dependencies: ["Scaling", "TestSupport"]),
        .testTarget(
            name: "KubernetesClientTests",
            dependencies: [
                "ClusterSimulator", "HTTPTransport", "KubernetesClient", "TestSupport", "WireFormats",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(name: "ClusterSimulatorTests", dependencies: ["ClusterSimulator", "TestSupport", "WireFormats"]),
        .testTarget(
            name: "OperatorTests",
            dependencies: [
                "Backtest", "ClusterSimulator", "HTTPTransport", "KubernetesClient", "Operator", "PluginHost",
                "PluginProtocol",
                "ScalerAPI", "Scaling", "TestSupport", "WireFormats", "YAMLFormat", "generalscaler-launch",
                "generalscaler-plugin-http", "generalscaler-plugin-prometheus", "generalscaler-plugin-pubsub",
                "generalscaler-plugin-redis",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .executableTarget(
            name: "simulate-faults",
            dependencies: [
                "ClusterSimulator", "HTTPTransport", "KubernetesClient", "Operator", "PluginHost", "PluginProtocol",
                "ScalerAPI", "Scaling", "TestSupport", "WireFormats", "YAMLFormat",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/FaultSimulation",
            swiftSettings: optimizedInDebug
        ),
        .testTarget(name: "FaultSimulationTests", dependencies: ["TestSupport", "simulate-faults"]),
        fuzzTargets(dependencies: [
            "Backtest", "CHiredis", "HTTPTransport", "KubernetesClient", "Operator", "PluginConformance", "PluginHost",
            "PluginProtocol", "PluginSDK", "ScalerAPI", "Scaling", "SourceSupport", "WireFormats", "YAMLFormat",
            "GoogleAuth", "JSONPath", "generalscaler-plugin-http", "generalscaler-plugin-prometheus",
            "generalscaler-plugin-pubsub", "generalscaler-plugin-redis",
        ]),
        .testTarget(name: "ScalerAPITests", dependencies: ["ScalerAPI", "Scaling", "WireFormats"]),
        .testTarget(name: "BenchTests", dependencies: ["bench"]),
        .testTarget(name: "BacktestTests", dependencies: ["Backtest", "Scaling", "WireFormats"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ClusterSimulator", "CommandSupport", "event-queue", "generalscaler", "generalscaler-dev",
                "generalscaler-launch", "generalscaler-plugin-http",
                "generalscaler-plugin-prometheus", "generalscaler-plugin-pubsub", "generalscaler-plugin-redis",
                "plugin-check", "TestSupport", "WireFormats", "YAMLFormat",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .testTarget(
            name: "DocsTests",
            dependencies: [
                "PluginSDK", "ScalerAPI", "Scaling", "TestSupport", "WireFormats", "generalscaler-plugin-http",
                "generalscaler-plugin-prometheus", "generalscaler-plugin-pubsub", "generalscaler-plugin-redis",
            ]),
        .testTarget(
            name: "PrometheusPluginTests",
            dependencies: [
                "generalscaler-plugin-prometheus", "HTTPTransport", "PluginSDK", "SourceSupport", "TestSupport",
                "WireFormats",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Support/verify_sigv4.py"]
        ),
        .testTarget(
            name: "HTTPPluginTests",
            dependencies: [
                "generalscaler-plugin-http", "HTTPTransport", "JSONPath", "PluginSDK", "SourceSupport", "TestSupport",
                "WireFormats", "YAMLFormat",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Support/fill_moto.py", "Support/fill_nats.py"]
        ),
        .testTarget(
            name: "PubSubPluginTests",
            dependencies: [
                "generalscaler-plugin-pubsub", "GoogleAuth", "HTTPTransport", "PluginSDK", "SourceSupport",
                "TestSupport",
                "WireFormats",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Support/google_stand_in.py"]
        ),
        .testTarget(
            name: "RedisPluginTests",
            dependencies: [
                "CLinux", "generalscaler-plugin-redis", "HTTPTransport", "PluginSDK", "SourceSupport", "TestSupport",
                "WireFormats",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .testTarget(
            name: "ExampleTests",
            dependencies: [
                "event-queue", "TestSupport", "WireFormats", "worker",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "HTTPTransport", "KubernetesClient", "TestSupport", "WireFormats", "YAMLFormat", "generalscaler",
                "generalscaler-dev", "generalscaler-plugin-prometheus",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Support/echo_server.py"]
        ),
    ]
)

let cTargets: Set = [
    "CCurl", "CHiredis", "CJemalloc", "CLinux", "call-prober", "generalscaler-copy", "generalscaler-launch",
]
for target in package.targets where !cTargets.contains(target.name) {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .swiftLanguageMode(.v6),
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
    if isFuzzBuild {
        // Optimized, with the debug build's checks, those of unsafe buffers among them.
        target.swiftSettings! += [
            .define("FUZZING"), .unsafeFlags(["-sanitize=fuzzer", "-enable-testing", "-assert-config", "Debug"]),
        ]
    }
}
