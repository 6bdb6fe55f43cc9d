import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

/// The requests of `json.proto`, with the fields of their bodies as `frame.proto` has them.
private struct RequestForms {
  struct Request {
    var name: String
    var type: FrameType
    var fields: [(name: String, number: Int)]
  }

  let requests: [Request]

  init() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../schemas/daybook/v1")
    func text(_ name: String) throws -> String {
      try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }
    let frames = try text("frame.proto")
    let listed = try text("json.proto").components(separatedBy: "// Requests.\n")[1]
      .components(separatedBy: "// Replies.")[0]
    requests = listed.split(separator: "\n").compactMap { line in
      let words = RequestForms.words(line)
      guard words.count == 3, let number = UInt32(words[2]) else { return nil }
      let body = frames.components(separatedBy: "message \(words[0]) {")[1]
        .components(separatedBy: "}")[0]
      let fields = body.split(separator: "\n").compactMap(RequestForms.field)
      return Request(name: words[1], type: FrameType(rawValue: number), fields: fields)
    }
  }

  private static func field(_ line: Substring) -> (name: String, number: Int)? {
    let words = words(line)
    guard !line.contains("//"), words.count > 2, let number = Int(words[words.count - 1]) else {
      return nil
    }
    return (words[words.count - 2], number)
  }

  private static func words(_ line: Substring) -> [String] {
    line.split { " =;".contains($0) }.map(String.init)
  }
}

/// A fixed sequence of bytes.
private struct Bytes {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }
}

@Suite("requests of any form", .timeLimit(.minutes(30)))
struct HostileFrameTests {
  /// As a member of a body in JSON.
  private static let values = [
    "null", "5", "-1", "1e300", "18446744073709551616", "true", "\"\"", "\"x\"", "\"\\u0000\"",
    "[]", "[5]", "{}", "{\"x\":1}", "[[[[[]]]]]", "\"\(String(repeating: "x", count: 20_000))\"",
  ]

  @Test("in JSON each is answered, refused by name, or ends the session with a code")
  func json() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      var session = try await fixture.liveJSONSession("bob:tab")
      var (sequence, sent) = (10, 0)
      for request in try RequestForms().requests {
        let bodies =
          HostileFrameTests.values
          + request.fields.flatMap { field in
            HostileFrameTests.values.map { "{\"\(field.name)\":\($0)}" }
          }
        for body in bodies {
          session.send("{\"sequence\":\(sequence),\"\(request.name)\":\(body)}")
          session.send("{\"sequence\":\(sequence + 1),\"heartbeat\":{}}")
          sequence += 2
          sent += 1
          let isOpen = try await goesOn(session, past: sequence - 1, "\(request.name) \(body)")
          if !isOpen { session = try await fixture.liveJSONSession("bob:tab") }
        }
      }
      #expect(sent > 1_500)
    }
  }

  /// Until the heartbeat of this sequence is answered; false if the session has ended in good order.
  private func goesOn(
    _ socket: RawWebSocket, past sequence: Int, _ said: String
  ) async throws -> Bool {
    while true {
      let frame = try #require(try await socket.next(), "\(said.prefix(200))")
      if frame.opcode == 8 {
        let code = try #require(frame.code)
        // Disconnect is one of them.
        #expect(code == 1000 || CloseCode.final.contains(UInt16(code)), "\(said.prefix(200))")
        await socket.close()
        return false
      }
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(frame.payload)) as? [String: Any])
      if let error = object["error"] as? [String: Any] {
        #expect(ErrorCode.all.contains { $0.name == error["name"] as? String })
      }
      if object["sequence"] as? Int == sequence { return true }
    }
  }

  @Test("in bytes too, over WebSocket and TCP", arguments: [true, false])
  func bytes(isWebSocket: Bool) async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      var bytes = Bytes(seed: 7)
      var line = try await HostileLine(fixture, isWebSocket)
      for request in try RequestForms().requests {
        var bodies: [[UInt8]] = [[], [0], [0xff], bytes.next(1), bytes.next(20), bytes.next(5_000)]
        for field in request.fields {
          // Each field as what each wire type makes of it, torn and whole.
          for wire in 0...7 {
            let tag = [UInt8(truncatingIfNeeded: field.number << 3 | wire)]
            bodies += [tag, tag + [3, 0xff, 0xfe, 0xfd], tag + bytes.next(30)]
          }
        }
        for body in bodies {
          if try await !line.goesOn(request.type, body) {
            line = try await HostileLine(fixture, isWebSocket)
          }
        }
      }
    }
  }
}

/// A session of bytes.
private struct HostileLine {
  private let socket: RawWebSocket?
  private let client: TestClient?
  private var decoder = FrameDecoder()
  private var sequence: UInt32 = 1

  init(_ fixture: GatewayFixture, _ isWebSocket: Bool) async throws {
    guard isWebSocket else {
      socket = nil
      client = try await fixture.connect("bob:tab")
      return
    }
    client = nil
    socket = try await fixture.webSocket(.with { $0.protocols = ["daybook.v1.proto"] })
    var bytes = ByteBuffer()
    bytes.writeFrame(
      .connect, sequence: 1, message: Daybook_V1_ConnectRequest.with { $0.token = "bob:tab" })
    socket?.send(binary: Array(bytes.readableBytesView))
  }

  /// False if it has ended the session.
  mutating func goesOn(_ type: FrameType, _ body: [UInt8]) async throws -> Bool {
    var bytes = ByteBuffer()
    bytes.writeFrame(type, sequence: sequence + 1, body: ByteBuffer(bytes: body))
    sequence += 2
    bytes.writeFrame(.heartbeat, sequence: sequence, message: Daybook_V1_HeartbeatRequest())
    if let client {
      // One that has ended may be gone by now.
      try? await client.write(bytes)
    } else {
      socket?.send(binary: Array(bytes.readableBytesView))
    }
    while let frame = try await next() {
      if frame.type == .error {
        let error = DaybookError(try Daybook_V1_ErrorReply(frameBody: frame.body))
        #expect(ErrorCode.all.contains(error.code), "\(type) \(body)")
      }
      if frame.sequence == sequence { return true }
    }
    return false
  }

  private mutating func next() async throws -> Frame? {
    if let client { return await client.nextIfAny() }
    while true {
      if let frame = try decoder.next() { return frame }
      let message = try #require(try await socket?.next(), "it ended without a word")
      guard message.opcode == 2 else {
        #expect(message.code == 1000 || message.code.map { $0 > 4_000 } == true)
        return nil
      }
      decoder.append(ByteBuffer(bytes: message.payload))
    }
  }
}
