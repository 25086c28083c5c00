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

// What many targets depend on.
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grpcCore = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcTransport = Target.Dependency.product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

/// The plugins of this project: a folder in Plugins and what its code depends on, beside `sourceDependencies`. Products,
/// tests, image and demo follow from this list.
let sources: KeyValuePairs<String, [Target.Dependency]> = [
    "prometheus": ["AWSAuth", "WireFormats"],
    "redis": ["CHiredis"],
    "http": ["AWSAuth", "GoogleAuth", "JSONPath", "WireFormats"],
    "kafka": ["CKafka", "SystemIO", logging],
    "keda": ["SystemIO", grpcCore, grpcTransport, nioCore, nioHTTP2, nioPosix, nioSSL, nioTLS],
    "kubernetes": ["SystemIO", "WireFormats"],
    "postgresql": ["CPostgres", "SystemIO"],
    "pubsub": ["GoogleAuth", "WireFormats"],
]
let sourceDependencies: [Target.Dependency] = ["HTTPTransport", "PluginSDK", "SourceSupport"]
let pluginNames = sources.map { "generalscaler-plugin-\($0.key)" }
let plugins = pluginNames.map { Target.Dependency(stringLiteral: $0) }

/// The target of a plugin. A program cannot hold another, so that the fuzz build has its code as a library.
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
        // libFuzzer contains a main function, which the gold linker rejects.
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
        + (isFuzzBuild ? [] : pluginNames.map { .executable(name: $0, targets: [$0]) }),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
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
        .systemLibrary(name: "CKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        // A program that depends on it allocates with jemalloc: after a burst, the C library's allocator keeps three
        // times of what is in use.
        .target(name: "CJemalloc", linkerSettings: [.linkedLibrary("jemalloc")]),
        .target(name: "CLinux"),

        // MARK: Libraries
        // Optimized in debug builds too: the tests spend most of their time here and in the simulated cluster.
        .target(name: "WireFormats"),
        .target(name: "SystemIO"),
        .target(name: "JSONPath", dependencies: ["WireFormats"]),
        .target(name: "YAMLFormat", dependencies: ["WireFormats", .product(name: "Yams", package: "Yams")]),
        .target(name: "HTTPTransport", dependencies: ["CCurl", "CLinux", "SystemIO"]),
        .target(name: "PluginProtocol", dependencies: ["WireFormats"]),
        .target(
            name: "PluginSDK",
            dependencies: ["PluginProtocol", "WireFormats", "CLinux", logging]
        ),
        // The signatures of AWS; apart from SourceSupport, as GoogleAuth is.
        .target(
            name: "AWSAuth",
            dependencies: [
                "HTTPTransport", "PluginSDK", "SourceSupport", "WireFormats",
                .product(name: "Crypto", package: "swift-crypto"),
            ]),
        // The access tokens of Google; apart from SourceSupport, so that only the sources that need them link a crypto
        // library.
        .target(
            name: "GoogleAuth",
            dependencies: [
                "HTTPTransport", "PluginSDK", "SourceSupport", "WireFormats",
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        // What the sources of this package share; plugin authors elsewhere do without it.
        .target(
            name: "SourceSupport",
            dependencies: ["HTTPTransport", "PluginProtocol", "PluginSDK", "SystemIO", "WireFormats"]),
        .target(
            name: "PluginHost",
            dependencies: [
                "PluginProtocol", "SystemIO", "WireFormats", "YAMLFormat", "CLinux", logging, serviceLifecycle,
                subprocess, systemPackage,
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ]
        ),
        .target(name: "Scaling", swiftSettings: optimizedInDebug),
        .target(name: "ScalerAPI", dependencies: ["Scaling", "WireFormats"]),
        .target(name: "TimeZones", dependencies: ["Scaling"]),
        .target(
            name: "KubernetesClient",
            dependencies: [
                "HTTPTransport", "SystemIO", "WireFormats", "YAMLFormat", logging, serviceLifecycle, subprocess,
            ],
            swiftSettings: optimizedInDebug
        ),
        .target(
            name: "Operator",
            dependencies: [
                "HTTPTransport", "KubernetesClient", "PluginHost", "PluginProtocol", "ScalerAPI", "Scaling",
                "SystemIO", "TimeZones", "WireFormats", hummingbird, logging, serviceLifecycle,
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ]
        ),
        .target(
            name: "Backtest", dependencies: ["Scaling", "TimeZones", "WireFormats"],
            resources: [
                .embedInCode("Report/charts.js"), .embedInCode("Report/report.css"), .embedInCode("Report/report.html"),
                .embedInCode("Report/report.js"),
            ]),
        .target(name: "Migration", dependencies: ["ScalerAPI", "Scaling", "WireFormats", "YAMLFormat"]),
        .target(
            name: "Console",
            dependencies: [
                "Backtest", "HTTPTransport", "KubernetesClient", "Operator", "ScalerAPI", "Scaling", "SystemIO",
                "TimeZones", "WireFormats", "YAMLFormat", hummingbird, logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            resources: [
                .embedInCode("Page/console.html"), .embedInCode("Page/console.css"), .embedInCode("Page/console.js"),
                .embedInCode("Page/charts.js"), .embedInCode("Page/whatif.js"), .embedInCode("Page/budgets.js"),
            ]),
        // What the programs share of a command line.
        .target(
            name: "CommandSupport",
            dependencies: ["WireFormats", argumentParser, logging]
        ),

        // MARK: Executables
        // The commit that a program's --version prints.
        .plugin(name: "BuildStamp", capability: .buildTool(), path: "Sources/Tools/BuildStamp"),
        .executableTarget(
            name: "generalscaler",
            dependencies: [
                "Backtest", "CJemalloc", "CommandSupport", "Console", "HTTPTransport", "KubernetesClient", "Migration",
                "Operator", "PluginHost", "PluginProtocol", "ScalerAPI", "Scaling", "SystemIO", "TimeZones",
                "WireFormats", "YAMLFormat", argumentParser, logging, serviceLifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Resources/crd.yaml")],
            linkerSettings: packedRelocations,
            plugins: ["BuildStamp"]
        ),
        .executableTarget(
            name: "generalscaler-launch",
            dependencies: ["CLinux"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]
        ),

        // MARK: Tools, never part of the image
        .target(
            name: "SDKFiles",
            path: "sdk",
            exclude: [
                "README.md", "vectors", "python/README.md", "python/pyproject.toml", "python/tests", "go/README.md",
                "go/internal", "go/plugin_test.go", "go/tags_test.go", "node/README.md", "node/test",
            ],
            sources: ["SDKFiles.swift"],
            resources: [.embedInCode("python/src"), .embedInCode("go"), .embedInCode("node")]
        ),
        .target(
            name: "ClusterSimulator",
            dependencies: [
                "HTTPTransport", "SystemIO", "WireFormats", "YAMLFormat", hummingbird, logging, serviceLifecycle,
                .product(name: "HTTPTypes", package: "swift-http-types"),
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
                "Backtest", "ClusterSimulator", "CommandSupport", "Console", "HTTPTransport", "KubernetesClient",
                "Operator",
                "PluginHost", "PluginProtocol", "SDKFiles", "ScalerAPI", "Scaling", "SystemIO", "TimeZones",
                "WireFormats", "YAMLFormat", argumentParser, hummingbird, logging, serviceLifecycle, subprocess,
                systemPackage,
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Tools/generalscaler-dev",
            resources: [
                .embedInCode("Resources/budget-crd.yaml"), .embedInCode("Resources/crd.yaml"),
                .embedInCode("Resources/llm-inference.yaml"), .embedInCode("Resources/llm-requests.csv"),
                .embedInCode("Resources/new-plugin"),
            ],
            plugins: ["BuildStamp"]
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
                "CommandSupport", "PluginConformance", "PluginProtocol", "ScalerAPI", "WireFormats", argumentParser,
            ],
            path: "Sources/Tools/plugin-check",
            plugins: ["BuildStamp"]
        ),

        .executableTarget(
            name: "jsonpath-check",
            dependencies: ["CommandSupport", "JSONPath", "WireFormats", argumentParser],
            path: "Sources/Tools/jsonpath-check"
        ),

        // MARK: Examples and benchmarks
        .executableTarget(
            name: "http-app",
            dependencies: [hummingbird],
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
                "Backtest", "CCurl", "CKafka", "CLinux", "CPostgres", "ClusterSimulator", "KubernetesClient",
                "PluginHost",
                "PluginProtocol", "Scaling", "TestSupport", "WireFormats", "YAMLFormat", hummingbird, logging,
                serviceLifecycle,
            ],
            path: "Benchmarks/bench"
        ),
        .executableTarget(name: "bench-plugin", dependencies: ["PluginSDK"], path: "Benchmarks/bench-plugin"),

        // MARK: Tests
        .target(
            name: "TestSupport",
            dependencies: [
                "CLinux", "HTTPTransport", "PluginSDK", "SystemIO", "WireFormats", logging, subprocess, systemPackage,
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
                "HTTPTransport", "SystemIO", "TestSupport", hummingbird, logging, serviceLifecycle,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            // So that libcurl finds the tests' own resolver before the C library's.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=getaddrinfo"])]
        ),
        .testTarget(
            name: "PluginConformanceTests",
            dependencies: [
                "CLinux", "PluginConformance", "PluginHost", "PluginProtocol", "TestSupport", "WireFormats",
                "generalscaler-dev", "generalscaler-launch", "kafka-mock", "misbehaving-plugin", "plugin-check",
                "random-plugin", "test-plugin", subprocess, systemPackage,
            ] + plugins
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
                "PluginProtocol", "PluginSDK", "TestSupport", "WireFormats", "test-plugin", subprocess,
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
                "CLinux", "PluginHost", "PluginProtocol", "SystemIO", "TestSupport", "WireFormats", "call-prober",
                "generalscaler", "generalscaler-launch", "misbehaving-plugin", logging, serviceLifecycle, subprocess,
                systemPackage,
            ] + plugins
        ),
        .testTarget(
            name: "ScalingTests",
            dependencies: [
                "Scaling", "TestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            exclude: ["Formula/formula_oracle.py"]
        ),
        .testTarget(
            name: "KubernetesClientTests",
            dependencies: [
                "ClusterSimulator", "HTTPTransport", "KubernetesClient", "TestSupport", "WireFormats", logging,
                serviceLifecycle,
            ]
        ),
        .testTarget(name: "ClusterSimulatorTests", dependencies: ["ClusterSimulator", "TestSupport", "WireFormats"]),
        .testTarget(
            name: "ConsoleTests", dependencies: ["Backtest", "Console", "ScalerAPI", "Scaling", "WireFormats"]),
        .testTarget(
            name: "OperatorTests",
            dependencies: [
                "Backtest", "ClusterSimulator", "HTTPTransport", "KubernetesClient", "Operator", "PluginHost",
                "PluginProtocol", "ScalerAPI", "Scaling", "SystemIO", "TestSupport", "WireFormats", "YAMLFormat",
                "generalscaler-launch", logging, serviceLifecycle, subprocess, systemPackage,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ] + plugins
        ),
        .executableTarget(
            name: "simulate-faults",
            dependencies: [
                "ClusterSimulator", "HTTPTransport", "KubernetesClient", "Operator", "PluginHost", "PluginProtocol",
                "ScalerAPI", "Scaling", "SystemIO", "TestSupport", "WireFormats", "YAMLFormat", argumentParser, logging,
                serviceLifecycle,
            ],
            path: "Tests/FaultSimulation",
            swiftSettings: optimizedInDebug
        ),
        .testTarget(name: "FaultSimulationTests", dependencies: ["TestSupport", "simulate-faults"]),
        fuzzTargets(
            dependencies: [
                "Backtest", "CHiredis", "GoogleAuth", "HTTPTransport", "JSONPath", "KubernetesClient", "Operator",
                "PluginConformance",
                "PluginHost", "PluginProtocol", "PluginSDK", "ScalerAPI", "Scaling", "SourceSupport", "TimeZones",
                "WireFormats", "YAMLFormat",
            ] + plugins),
        .testTarget(name: "ScalerAPITests", dependencies: ["ScalerAPI", "Scaling", "TimeZones", "WireFormats"]),
        .testTarget(
            name: "TimeZonesTests",
            dependencies: ["Scaling", "TestSupport", "TimeZones", subprocess, systemPackage],
            exclude: ["Support/zone_oracle.py"]
        ),
        .testTarget(name: "BenchTests", dependencies: ["bench"]),
        .testTarget(
            name: "MigrationTests",
            dependencies: [
                "Migration", "ScalerAPI", "Scaling", "TestSupport", "TimeZones", "WireFormats", "YAMLFormat",
            ],
            exclude: ["Corpus"]
        ),
        .testTarget(name: "BacktestTests", dependencies: ["Backtest", "Scaling", "TimeZones", "WireFormats"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ClusterSimulator", "CommandSupport", "event-queue", "generalscaler", "generalscaler-dev",
                "generalscaler-launch", "plugin-check", "TestSupport", "WireFormats", "YAMLFormat", logging,
                serviceLifecycle, subprocess, systemPackage,
            ] + plugins
        ),
        .testTarget(
            name: "DocsTests",
            dependencies: [
                "KubernetesClient", "Operator", "PluginHost", "PluginProtocol", "PluginSDK", "ScalerAPI", "Scaling",
                "SourceSupport", "TestSupport", "WireFormats", .product(name: "NIOCore", package: "swift-nio"),
            ] + plugins),
        .testTarget(
            name: "AWSAuthTests",
            dependencies: [
                "AWSAuth", "HTTPTransport", "PluginSDK",
            ],
            exclude: ["Vectors"]
        ),
        .testTarget(
            name: "PrometheusPluginTests",
            dependencies: [
                "generalscaler-plugin-prometheus", "AWSAuth", "HTTPTransport", "PluginSDK", "SourceSupport",
                "TestSupport",
                "WireFormats", subprocess, systemPackage,
            ]),
        .testTarget(
            name: "HTTPPluginTests",
            dependencies: [
                "generalscaler-plugin-http", "AWSAuth", "HTTPTransport", "JSONPath", "PluginSDK", "SourceSupport",
                "TestSupport",
                "WireFormats", "YAMLFormat", subprocess, systemPackage,
            ],
            exclude: ["Support/fill_moto.py"]
        ),
        .testTarget(
            name: "PubSubPluginTests",
            dependencies: [
                "generalscaler-plugin-pubsub", "GoogleAuth", "HTTPTransport", "PluginSDK", "SourceSupport",
                "TestSupport",
                "WireFormats", subprocess, systemPackage,
            ],
            exclude: ["Support/google_stand_in.py"]
        ),
        .testTarget(
            name: "RedisPluginTests",
            dependencies: [
                "CLinux", "generalscaler-plugin-redis", "HTTPTransport", "PluginSDK", "SourceSupport", "TestSupport",
                "WireFormats", subprocess,
            ]
        ),
        .executableTarget(
            name: "kafka-mock",
            dependencies: ["CKafka"],
            path: "Tests/Fixtures/KafkaMock",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]
        ),
        .testTarget(
            name: "KafkaPluginTests",
            dependencies: [
                "generalscaler-plugin-kafka", "HTTPTransport", "PluginSDK", "SourceSupport", "TestSupport",
                "WireFormats", "kafka-mock", subprocess,
            ]
        ),
        .testTarget(
            name: "KedaPluginTests",
            dependencies: ["generalscaler-plugin-keda", "PluginSDK", "SourceSupport", "TestSupport", "WireFormats"]
        ),
        .testTarget(
            name: "KubernetesPluginTests",
            dependencies: [
                "ClusterSimulator", "generalscaler-plugin-kubernetes", "HTTPTransport", "PluginSDK", "SourceSupport",
                "TestSupport", "WireFormats", logging, serviceLifecycle, subprocess, systemPackage,
            ]
        ),
        .testTarget(
            name: "PostgresPluginTests",
            dependencies: [
                "generalscaler-plugin-postgresql", "HTTPTransport", "PluginSDK", "SourceSupport", "TestSupport",
                "WireFormats", subprocess,
            ]
        ),
        .testTarget(
            name: "ExampleTests",
            dependencies: ["event-queue", "TestSupport", "WireFormats", "worker", subprocess]
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "ClusterSimulator", "HTTPTransport", "KubernetesClient", "SystemIO", "TestSupport", "WireFormats",
                "YAMLFormat", "generalscaler", "generalscaler-dev", "generalscaler-plugin-http",
                "generalscaler-plugin-kafka", "generalscaler-plugin-keda", "generalscaler-plugin-kubernetes",
                "generalscaler-plugin-postgresql", "generalscaler-plugin-prometheus", "kafka-mock", serviceLifecycle,
                subprocess, systemPackage,
            ],
            exclude: ["Support/echo_server.py"]
        ),
    ] + sources.map { plugin($0.key, dependencies: sourceDependencies + $0.value) }
)

let cTargets: Set = [
    "CCurl", "CHiredis", "CJemalloc", "CKafka", "CLinux", "CPostgres", "call-prober", "generalscaler-copy",
    "generalscaler-launch", "kafka-mock",
]
for target in package.targets where target.type != .plugin && !cTargets.contains(target.name) {
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
