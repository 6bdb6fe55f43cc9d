/// What each module may import, beyond the standard library. Whoever needs more argues with this
/// table first: it is what keeps the gateway away from storage, and deciding away from I/O.
enum ImportRules {
  static let allowed: [String: Set<String>] = [
    // Glibc: of the mutants' test build alone.
    "DaybookModel": ["NIOCore", "Glibc"],
    "DaybookSchema": ["DaybookModel", "NIOCore", "SwiftProtobuf"],
    // Glibc: to sleep, where a read waits.
    "Ports": ["DaybookModel", "NIOCore", "Glibc"],
    "Files": ["DaybookModel", "Glibc"],
    "SegmentLog": [
      "DaybookModel", "Ports", "Files", "CChecksum", "NIOCore", "NIOConcurrencyHelpers", "Atomics",
      "Logging", "Metrics", "Glibc",
    ],
    // FoundationEssentials: the bytes of generated messages are its Data.
    "Partitions": [
      "DaybookModel", "DaybookSchema", "Ports", "NIOCore", "NIOConcurrencyHelpers", "SwiftProtobuf",
      "Logging", "Metrics", "FoundationEssentials",
    ],
    "LogReading": ["DaybookModel", "DaybookSchema", "Ports", "NIOCore"],
    "Projections": [
      "DaybookModel", "DaybookSchema", "Ports", "LogReading", "CMappedFaults", "NIOCore",
      "NIOConcurrencyHelpers", "GRDB", "GRDBSQLite", "Logging", "Metrics", "Foundation",
    ],
    "WireProtocol": ["DaybookModel", "DaybookSchema", "CZlib", "NIOCore", "SwiftProtobuf"],
    "Requests": [
      "DaybookModel", "DaybookSchema", "Ports", "WireProtocol", "NIOCore",
      "NIOConcurrencyHelpers", "SwiftProtobuf",
    ],
    // Glibc: what TLS keeps in memory and does not use is given back to the system.
    "Gateway": [
      "DaybookModel", "DaybookSchema", "Ports", "WireProtocol", "Requests", "NIOCore", "NIOPosix",
      "NIOHTTP1", "NIOWebSocket", "NIOSSL", "NIOTLS", "NIOConcurrencyHelpers", "SwiftProtobuf",
      "Logging", "Metrics", "Glibc",
    ],
    // Synchronization: a counter is one atomic number.
    "Telemetry": [
      "DaybookModel", "NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "Logging", "Metrics",
      "Hummingbird", "Synchronization", "Glibc",
    ],
    // Synchronization: keys change while tokens are checked.
    "Identity": [
      "DaybookModel", "Ports", "Files", "JWTKit", "Crypto", "Foundation", "Synchronization",
      "Glibc",
    ],
    // Glibc, Darwin: the outbox's file. `Files` is the server's, and of Linux alone.
    "DaybookSDK": [
      "DaybookModel", "DaybookSchema", "WireProtocol", "NIOCore", "NIOPosix", "NIOHTTP1",
      "NIOWebSocket", "NIOSSL", "NIOConcurrencyHelpers", "SwiftProtobuf", "Logging", "Glibc",
      "Darwin",
    ],
    "Importing": [
      "DaybookModel", "DaybookSchema", "WireProtocol", "DaybookSDK", "CZlib",
      "NIOConcurrencyHelpers", "Crypto", "Foundation", "Glibc",
    ],
    // FoundationEssentials, Foundation: the bytes of generated messages are its Data.
    "LogRPC": ["DaybookModel", "DaybookSchema", "GRPCCore", "GRPCProtobuf", "SwiftProtobuf"],
    "LogService": [
      "DaybookModel", "DaybookSchema", "Ports", "LogReading", "LogRPC", "GRPCCore",
      "GRPCNIOTransportHTTP2Posix", "SwiftProtobuf", "Crypto", "NIOCore", "NIOPosix",
      "NIOConcurrencyHelpers", "Logging", "FoundationEssentials",
    ],
    "DaybookFeed": [
      "DaybookModel", "DaybookSchema", "DaybookSDK", "LogRPC", "GRPCCore",
      "GRPCNIOTransportHTTP2Posix", "SwiftProtobuf", "Crypto", "NIOCore", "NIOPosix", "Foundation",
    ],
    "Console": ["DaybookModel", "DaybookSDK", "NIOConcurrencyHelpers", "Glibc"],
    // FoundationEssentials: what numbers of JSON are, and the bytes of generated messages.
    "Mirror": [
      "DaybookModel", "DaybookSchema", "Ports", "Files", "CRdKafka", "NIOCore",
      "NIOConcurrencyHelpers", "Crypto", "SwiftProtobuf", "Logging", "Metrics",
      "FoundationEssentials", "Glibc",
    ],
    "Server": [
      "DaybookModel", "DaybookSchema", "Ports", "Files", "SegmentLog", "Partitions", "Projections",
      "Gateway", "Identity", "Mirror", "LogService", "NIOCore", "NIOPosix",
      "NIOConcurrencyHelpers", "SwiftProtobuf", "Logging",
      "Metrics", "Foundation", "Glibc",
    ],
    "Bench": [
      "DaybookModel", "DaybookSchema", "Ports", "WireProtocol", "Requests", "Mirror", "CRdKafka",
      "Server", "NIOCore", "NIOPosix", "NIOSSL", "NIOConcurrencyHelpers", "Atomics",
      "SwiftProtobuf", "Histogram", "Logging", "Dispatch", "Foundation", "Glibc",
    ],
    "Daybook": [
      "DaybookModel", "DaybookSchema", "Ports", "Files", "SegmentLog", "Partitions", "Projections",
      "Server", "Telemetry", "Bench", "WireProtocol", "DaybookSDK", "DaybookFeed",
      "Importing",
      "Console",
      "Mirror",
      "NIOCore", "NIOConcurrencyHelpers", "ArgumentParser", "Logging", "Metrics", "Yams",
      "Foundation", "Glibc",
    ],
    // The example, in a folder of its own.
    "Courier": ["DaybookSDK", "Foundation"],
    "MessagesADay": ["DaybookFeed", "GRDB", "Foundation"],
    // C: no Swift imports at all.
    "CChecksum": [],
    "CMappedFaults": [],
    "CZlib": [],
    "CRdKafka": [],
  ]

  /// Modules that implement ports. Whoever else names one can't be given another.
  static let implementations: Set<String> = [
    "SegmentLog", "Partitions", "Projections", "Gateway", "Identity",
  ]
  /// Where the whole is put together.
  static let composers: Set<String> = ["Server", "Daybook"]

  static func violations(in file: SourceFile) -> [String] {
    guard let allowed = allowed[file.module] else {
      return ["\(file.path): the module '\(file.module)' has no row in ImportRules.swift"]
    }
    return SwiftCode(file.text).imports.filter { !allowed.contains($0.module) }.map {
      "\(file.path):\($0.line): \(file.module) may not import \($0.module)"
    }
  }

  /// Names of the targets that a package description declares, tests apart.
  static func targets(in package: String) -> Set<String> {
    var found: Set<String> = []
    for marker in ["module(", "executableTarget(", "target(", "systemLibrary("] {
      for part in package.components(after: marker) {
        guard let quoted = part.firstQuoted else { continue }
        found.insert(quoted)
      }
    }
    return found
  }
}

extension String {
  /// What follows each occurrence of `marker` as a word of its own.
  fileprivate func components(after marker: String) -> [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let range = rest.firstRange(of: marker) {
      let before = rest[..<range.lowerBound].last
      rest = rest[range.upperBound...]
      if before.map({ $0.isLetter }) != true { parts.append(rest) }
    }
    return parts
  }
}

extension Substring {
  /// The first string literal, if only a label and spaces come before it.
  fileprivate var firstQuoted: String? {
    let parts = split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].allSatisfy({ $0.isWhitespace || "name:".contains($0) })
    else { return nil }
    return String(parts[1])
  }
}
