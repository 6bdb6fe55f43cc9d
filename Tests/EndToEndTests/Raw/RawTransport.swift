import NIOCore
import NIOPosix
import NIOSSL

/// How a client speaks to a server.
enum RawTransport: String, CaseIterable, Sendable {
  case tcp, tls, ws, wss, wsJSON, wssJSON

  var isTLS: Bool { self == .tls || self == .wss || self == .wssJSON }
  var isWebSocket: Bool { self != .tcp && self != .tls }
  var isJSON: Bool { self == .wsJSON || self == .wssJSON }

  /// The option of `daybook serve` that listens for it.
  var option: String {
    switch self {
    case .tcp, .tls: rawValue
    case .ws, .wsJSON: "ws"
    case .wss, .wssJSON: "wss"
    }
  }

  var subprotocol: String { isJSON ? "daybook.v1.json" : "daybook.v1.proto" }
}

/// Where a server listens, by option, and how its certificate is checked.
struct RawPlaces: Sendable {
  var ports: [String: Int] = [:]
  var tls: NIOSSLContext?

  /// From the lines that `daybook serve` prints, as soon as it has.
  init(_ lines: [Substring]) {
    for line in lines {
      let words = line.split(separator: " ")
      guard words.count > 2, let port = words[2].split(separator: ":").last.flatMap({ Int($0) })
      else { continue }
      ports[words.count > 3 ? String(words[3].dropFirst().dropLast()) : "tcp"] = port
    }
  }
}

/// As a client would like to read.
enum RawReading: Sendable {
  case all
  /// Little, and seldom.
  case slow
  /// Nothing, until it would again.
  case none
}
