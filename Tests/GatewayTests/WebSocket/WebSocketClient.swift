import Foundation
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// What a client asks for a WebSocket.
struct Handshake {
  var line = "GET / HTTP/1.1"
  var host: String? = "chat.example.org"
  var upgrade: String? = "websocket"
  var connection: String? = "keep-alive, Upgrade"
  var version: String? = "13"
  var key: String? = "dGhlIHNhbXBsZSBub25jZQ=="
  var protocols: [String] = ["daybook.v1.json"]
  var more: [(String, String)] = []

  var headers: [(String, String)] {
    let named = [
      ("Host", host), ("Upgrade", upgrade), ("Connection", connection),
      ("Sec-WebSocket-Version", version), ("Sec-WebSocket-Key", key),
      ("Sec-WebSocket-Protocol", protocols.isEmpty ? nil : protocols.joined(separator: ", ")),
    ]
    return named.compactMap { name, value in value.map { (name, $0) } } + more
  }

  var text: String {
    ([line] + headers.map { "\($0): \($1)" }).map { $0 + "\r\n" }.joined() + "\r\n"
  }

  static func with(_ change: (inout Handshake) -> Void) -> Handshake {
    var handshake = Handshake()
    change(&handshake)
    return handshake
  }
}

extension GatewayFixture {
  /// A socket where WebSockets are spoken, before anything was.
  func socket() async throws -> RawWebSocket {
    try await RawWebSocket.connect(to: try #require(webSockets))
  }

  /// A WebSocket without a session.
  func webSocket(_ handshake: Handshake = Handshake()) async throws -> RawWebSocket {
    let socket = try await socket()
    socket.write(handshake.text)
    let head = try await socket.head()
    try #require(head.first == "HTTP/1.1 101 Switching Protocols", "\(head)")
    return socket
  }

  /// A session that speaks JSON, with its ConnectReply taken.
  func jsonSession(_ token: String) async throws -> RawWebSocket {
    let socket = try await webSocket()
    socket.send(#"{"sequence":1,"connect":{"token":"\#(token)","origin":"AQI="}}"#)
    _ = try await socket.json("connect_reply")
    return socket
  }

  /// The same, caught up.
  func liveJSONSession(_ token: String) async throws -> RawWebSocket {
    let socket = try await jsonSession(token)
    _ = try await socket.json("caught_up")
    return socket
  }
}

extension RawWebSocket {
  /// The next message as an object.
  func object() async throws -> [String: Any] {
    let frame = try await frame()
    try #require(frame.opcode == 1, "\(frame.opcode) \(frame.code ?? 0) \(frame.reason)")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any])
  }

  /// The member of this name of the next message that has it, with the message's sequence.
  func json(_ name: String) async throws -> (body: [String: Any], sequence: Int) {
    while true {
      let object = try await object()
      guard let body = object[name] as? [String: Any] else { continue }
      return (body, object["sequence"] as? Int ?? 0)
    }
  }

  /// Code and reason of a close frame.
  struct Closing: Equatable {
    var code: Int?
    var reason: String

    init(_ code: Int?, _ reason: String) { (self.code, self.reason) = (code, reason) }
  }

  /// An error's name, and the sequence of what it answers.
  struct Failure: Equatable {
    var name: String?
    var sequence: Int

    init(_ name: String?, _ sequence: Int) { (self.name, self.sequence) = (name, sequence) }
  }

  /// The close frame that comes next but for messages; the server has hung up behind it.
  func closing() async throws -> Closing {
    while true {
      let frame = try await frame()
      guard frame.opcode == 8 else { continue }
      sayClosing(frame.code)
      #expect(try await isAtEnd())
      return Closing(frame.code, frame.reason)
    }
  }

  /// The error that comes next.
  func error() async throws -> Failure {
    let (body, sequence) = try await json("error")
    return Failure(body["name"] as? String, sequence)
  }
}
