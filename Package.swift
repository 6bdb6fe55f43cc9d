// swift-tools-version: 6.2
import PackageDescription

/// With DAYBOOK_MUTANTS in the environment, safeties can be left out (`ops/prove mutants`).
let mutants: [SwiftSetting] =
  Context.environment["DAYBOOK_MUTANTS"] == nil ? [] : [.define("DAYBOOK_MUTANTS")]

/// Every target is built alike: Swift 6 mode, warnings are errors, `any` is always written out, and a
/// file imports all that it uses, for itself alone unless it says more.
let settings: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
  ] + mutants

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLSEvents = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioLocks = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let atomics = Target.Dependency.product(name: "Atomics", package: "swift-atomics")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let metricsTesting = Target.Dependency.product(
  name: "MetricsTestKit", package: "swift-metrics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let jwt = Target.Dependency.product(name: "JWTKit", package: "jwt-kit")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let grpc = Target.Dependency.product(name: "GRPCCore", package: "grpc-swift-2")
let grpcProtobuf = Target.Dependency.product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
let grpcTransport = Target.Dependency.product(
  name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

func module(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// The decoders that bytes from outside reach, and tests that try them; with DAYBOOK_FUZZ in the
/// environment a libFuzzer program in their place (`ops/prove fuzz`).
func fuzzing(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  guard Context.environment["DAYBOOK_FUZZ"] != nil else {
    return .testTarget(
      name: name, dependencies: dependencies, exclude: ["Driver", "Corpus"],
      swiftSettings: settings)
  }
  return .executableTarget(
    name: fuzzer, dependencies: dependencies, path: "Tests/\(name)",
    exclude: ["Corpus", "CorpusTests.swift", "Mutator.swift"], swiftSettings: settings)
}
let fuzzer = "DaybookFuzz"

/// What tests of several modules use; no product has it.
let doubles = "Doubles"

// The import rules behind this list are data in Tests/TidyTests/ImportRules.swift.
let package = Package(
  name: "daybook",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .executable(name: "daybook", targets: ["Daybook"]),
    .library(name: "DaybookSDK", targets: ["DaybookSDK"]),
    .library(name: "DaybookFeed", targets: ["DaybookFeed"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.0")),
    .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.6")),
    .package(url: "https://github.com/apple/swift-atomics", .upToNextMinor(from: "1.3.0")),
    .package(url: "https://github.com/apple/swift-protobuf", .upToNextMinor(from: "1.39.0")),
    .package(url: "https://github.com/groue/GRDB.swift", .upToNextMinor(from: "7.10.0")),
    .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.0")),
    .package(url: "https://github.com/apple/swift-metrics", .upToNextMinor(from: "2.13.0")),
    .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.0")),
    .package(url: "https://github.com/vapor/jwt-kit", .upToNextMinor(from: "5.7.1")),
    .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.0")),
    .package(
      url: "https://github.com/HdrHistogram/hdrhistogram-swift", .upToNextMinor(from: "0.2.0")),
    .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.0")),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.1"),
      traits: []),
    .package(url: "https://github.com/grpc/grpc-swift-2", .upToNextMinor(from: "2.4.3")),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", .upToNextMinor(from: "2.4.1")),
    .package(
      url: "https://github.com/grpc/grpc-swift-nio-transport", .upToNextMinor(from: "2.9.2")),
  ],
  targets: [
    .target(name: "CChecksum"),
    .target(name: "CMappedFaults"),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .systemLibrary(name: "CRdKafka"),
    module("DaybookModel", [nioCore]),
    module(
      "DaybookSchema", ["DaybookModel", nioCore, protobuf],
      exclude: ["Generated/SOURCES.sha256"]),
    module("Ports", ["DaybookModel", nioCore]),
    module("Files", ["DaybookModel"]),
    module(
      "SegmentLog",
      [
        "DaybookModel", "Ports", "Files", "CChecksum", nioCore, nioLocks, atomics, logging,
        metrics,
      ]),
    module("LogReading", ["DaybookModel", "DaybookSchema", "Ports", nioCore]),
    module(
      "Partitions",
      ["DaybookModel", "DaybookSchema", "Ports", nioCore, nioLocks, protobuf, logging, metrics]),
    module(
      "Projections",
      [
        "DaybookModel", "DaybookSchema", "Ports", "LogReading", "CMappedFaults", nioCore, nioLocks,
        grdb, sqlite, logging, metrics,
      ]),
    module("WireProtocol", ["DaybookModel", "DaybookSchema", "CZlib", nioCore, protobuf]),
    module(
      "Requests",
      ["DaybookModel", "DaybookSchema", "Ports", "WireProtocol", nioCore, nioLocks, protobuf]),
    module(
      "Gateway",
      [
        "DaybookModel", "DaybookSchema", "Ports", "WireProtocol", "Requests", nioCore, nioPosix,
        nioHTTP, nioWebSocket, nioTLS, nioTLSEvents, nioLocks, protobuf, logging, metrics,
      ]),
    module(
      "Telemetry", ["DaybookModel", nioCore, nioPosix, nioLocks, logging, metrics, hummingbird]),
    module(
      "LogRPC", ["DaybookModel", "DaybookSchema", grpc, grpcProtobuf, protobuf]),
    module(
      "LogService",
      [
        "DaybookModel", "DaybookSchema", "Ports", "LogReading", "LogRPC", grpc, grpcTransport,
        protobuf, crypto, nioCore, nioPosix, nioLocks, logging,
      ]),
    module("Identity", ["DaybookModel", "Ports", "Files", jwt, crypto]),
    module(
      "DaybookSDK",
      [
        "DaybookModel", "DaybookSchema", "WireProtocol", nioCore, nioPosix, nioHTTP, nioWebSocket,
        nioTLS, nioLocks, protobuf, logging,
      ]),
    module(
      "Importing",
      [
        "DaybookModel", "DaybookSchema", "WireProtocol", "DaybookSDK", "CZlib", nioLocks, crypto,
      ]),
    module(
      "DaybookFeed",
      [
        "DaybookModel", "DaybookSchema", "DaybookSDK", "LogRPC", grpc, grpcTransport, protobuf,
        crypto, nioCore, nioPosix,
      ]),
    module("Console", ["DaybookModel", "DaybookSDK", nioLocks]),
    module(
      "Mirror",
      [
        "DaybookModel", "DaybookSchema", "Ports", "Files", "CRdKafka", nioCore, nioLocks, crypto,
        protobuf, logging, metrics,
      ]),
    module(
      "Server",
      [
        "DaybookModel", "DaybookSchema", "Ports", "Files", "SegmentLog", "Partitions",
        "Projections", "Gateway", "Identity", "Mirror", "LogService", nioCore, nioPosix,
        nioLocks, protobuf, logging, metrics,
      ]),
    module(
      "Bench",
      [
        "DaybookModel", "DaybookSchema", "Ports", "WireProtocol", "Requests", "Mirror", "CRdKafka",
        "Server", nioCore, nioPosix, nioTLS, nioLocks, atomics, protobuf, histogram, logging,
      ]),
    .executableTarget(
      name: "Daybook",
      dependencies: [
        "DaybookModel", "DaybookSchema", "Ports", "Files", "SegmentLog", "Partitions",
        "Projections", "Server", "Telemetry", "Bench", "WireProtocol",
        "DaybookSDK", "DaybookFeed",
        "Importing",
        "Console", "Mirror", nioCore, nioLocks, arguments, logging, metrics, yams,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "Courier", dependencies: ["DaybookSDK"], path: "Examples/Courier",
      swiftSettings: settings),
    .executableTarget(
      name: "MessagesADay", dependencies: ["DaybookFeed", grdb],
      path: "ops/examples/MessagesADay", swiftSettings: settings),
    .target(
      name: doubles,
      dependencies: ["DaybookModel", "DaybookSchema", "Ports", nioCore, nioLocks, logging],
      path: "Tests/Doubles",
      swiftSettings: settings),
    tests("TidyTests", ["DaybookModel", "Mirror", "Doubles", yams]),
    tests(
      "DaybookTests", ["Daybook", "DaybookModel", "Ports", "Mirror", nioLocks, logging, arguments]),
    tests(
      "ServerTests",
      [
        "Server", "Files", "DaybookSDK", "DaybookModel", "Identity", "Mirror", "Partitions",
        "Ports",
        "SegmentLog", "Doubles",
        nioCore, nioLocks, metrics, metricsTesting,
      ]),
    tests(
      "EndToEndTests",
      [
        "Daybook", "Courier", "MessagesADay", "DaybookSDK", "DaybookModel", "DaybookSchema",
        "Ports",
        "WireProtocol", "Server", "Doubles", nioCore, nioPosix, nioTLS, nioLocks, protobuf,
        grdb,
      ]),
    tests(
      "TelemetryTests",
      ["Telemetry", "DaybookModel", nioCore, nioPosix, nioLocks, logging, metrics]),
    tests("IdentityTests", ["DaybookModel", "Doubles", "Ports", "Identity", jwt, crypto]),
    tests("ImportingTests", ["DaybookModel", "Importing"]),
    tests("ConsoleTests", ["DaybookModel", "DaybookSDK", "Console", "Doubles"]),
    tests(
      "DaybookSDKTests",
      [
        "DaybookModel", "DaybookSchema", "WireProtocol", "DaybookSDK", "Doubles", nioCore,
        nioPosix, nioHTTP, nioWebSocket, nioTLS, nioLocks, protobuf, logging,
      ]),
    tests("DaybookModelTests", ["DaybookModel", nioCore]),
    tests(
      "PartitionsTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "Partitions", "Doubles", nioCore, nioPosix,
        nioLocks,
        protobuf, logging,
      ]),
    tests(
      "ProjectionsTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "LogReading", "Projections", "Doubles", nioCore,
        nioLocks,
        grdb, logging,
      ]),
    tests("DaybookSchemaTests", ["DaybookModel", "DaybookSchema", "Doubles", nioCore, protobuf]),
    tests(
      "SegmentLogTests",
      [
        "Doubles", "SegmentLog", "DaybookModel", "Ports", "Files", "CChecksum", nioCore, nioLocks,
        logging,
      ]),
    tests(
      "WireProtocolTests", ["DaybookModel", "DaybookSchema", "WireProtocol", nioCore, protobuf]),
    tests(
      "GatewayTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "WireProtocol", "Requests", "Partitions",
        "Gateway", "Doubles", nioCore,
        nioPosix, nioHTTP, nioWebSocket, nioTLS, nioLocks, protobuf, logging,
      ]),
    tests(
      "MirrorTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "Mirror", "CRdKafka", "Doubles", nioCore,
        nioLocks, crypto, protobuf, logging, metrics, metricsTesting,
      ]),
    tests(
      "LogServiceTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "LogReading", "LogService", "DaybookFeed",
        "DaybookSDK", "Doubles", nioCore, nioLocks, logging,
      ]),
    tests(
      "PortClaims",
      [
        "Doubles", "DaybookModel", "DaybookSchema", "Ports", "SegmentLog", "Partitions",
        "Projections", "Gateway", "Server", "LogReading", nioCore, nioPosix, nioLocks,
      ]),
    fuzzing(
      "FuzzingTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "Files", "SegmentLog", "Partitions",
        "WireProtocol",
        "Identity", nioCore, nioLocks, protobuf,
      ]),
    tests(
      "SimulationTests",
      [
        "DaybookModel", "DaybookSchema", "Ports", "LogReading", "WireProtocol", "Partitions",
        "Doubles", "Projections", "Gateway", "DaybookSDK", nioCore, nioLocks, protobuf, logging,
      ]),
  ]
)
