import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("sessions over WebSockets", .timeLimit(.minutes(30)))
struct WebSocketTests {
  // MARK: the handshake

  @Test(
    "a request becomes a WebSocket, with the key of RFC 6455's example, and the token is not said again"
  )
  func handshake() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let socket = try await fixture.socket()
      socket.write(
        Handshake.with { $0.protocols = ["daybook.v1.json", "daybook.token.bob:phone"] }.text)
      let head = try await socket.head()
      #expect(head[0] == "HTTP/1.1 101 Switching Protocols")
      #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
      #expect(head.contains("Sec-WebSocket-Protocol: daybook.v1.json"))
      #expect(!head.contains { $0.contains("bob") })
      socket.send(#"{"sequence":1,"connect":{}}"#)
      #expect(try await socket.json("connect_reply").body["user"] as? String == "bob")
    }
  }

  @Test("a token in Connect goes before the one of the request")
  func tokens() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let socket = try await fixture.webSocket(
        .with { $0.protocols = ["daybook.v1.json", "daybook.token.bob:phone"] })
      socket.send(#"{"sequence":1,"connect":{"token":"carol:phone"}}"#)
      #expect(try await socket.json("connect_reply").body["user"] as? String == "carol")
    }
  }

  @Test(
    "a request that is refused is answered in HTTP, and the connection ends",
    arguments: [
      ("GET /?token=x HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request", "takes no query"),
      ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426 Upgrade Required", "Upgrade: websocket"),
      ("\u{16}\u{3}\u{1}\u{2}nonsense\r\n\r\n", "400 Bad Request", "no request"),
      ("GET / HTTP/1.1\r\nA: \(String(repeating: "x", count: 9_000))", "431", "8192 bytes"),
      ("GET /\(String(repeating: "x", count: 9_000))", "431", "8192 bytes"),
      (
        "GET / HTTP/1.1\r\n" + (0..<2_000).map { "H\($0): x\r\n" }.joined(), "431",
        "more than 8192 bytes"
      ),
    ])
  func refused(_ request: String, _ status: String, _ said: String) async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let socket = try await fixture.socket()
      socket.write(request)
      let answer = await socket.rest()
      #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
      #expect(answer.contains(said) && answer.contains("\r\nConnection: "), "\(answer)")
      await socket.close()
    }
  }

  @Test("what follows the request at once is read as the WebSocket's")
  func eager() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let socket = try await fixture.socket()
      let ping = socket.frame(9, Array("hi".utf8))
      socket.write(Array(Handshake().text.utf8) + ping)
      _ = try await socket.head()
      #expect(try await socket.frame() == RawWebSocket.Frame(opcode: 10, payload: Array("hi".utf8)))
    }
  }

  @Test("who asks for nothing in time is told so, before the request and behind it")
  func slow() async throws {
    var options = GatewayOptions.patient
    options.connectDeadline = .milliseconds(200)
    try await GatewayFixture.runOverWebSocket(options) { fixture in
      let silent = try await fixture.socket()
      #expect(await silent.rest().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      let half = try await fixture.socket()
      half.write("GET / HTTP/1.1\r\nHost:")
      #expect(await half.rest().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      #expect(try await late(fixture).closing() == .init(4001, "connect_deadline"))
    }
  }

  /// A WebSocket that says nothing. On a busy machine its request may be too late already: then another.
  private func late(_ fixture: GatewayFixture) async throws -> RawWebSocket {
    while true {
      let socket = try await fixture.socket()
      socket.write(Handshake().text)
      if try await socket.head()[0].contains("101") { return socket }
      await socket.close()
    }
  }

  @Test(
    "a connection that has asked for nothing takes a place, and where there is none HTTP says so")
  func places() async throws {
    var options = GatewayOptions.patient
    options.connectionsMax = { 1 }
    try await GatewayFixture.runOverWebSocket(options) { fixture in
      let first = try await fixture.socket()
      // It has its place as soon as it is seen.
      while await fixture.sessions.connectionCount() == 0 { await Task.yield() }
      let second = try await fixture.socket()
      let answer = await second.rest()
      #expect(answer.contains("503 Service Unavailable"))
      // It is told two to ten seconds.
      let seconds = answer.firstMatch(of: /\r\nRetry-After: (\d+)\r\n/).flatMap { Int($0.1) }
      #expect((2...10).contains(seconds ?? 0), "\(answer)")
      await first.close()
    }
  }

  // MARK: a chat

  @Test("three clients chat: one over TCP, one in binary messages, one in JSON")
  func chat() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let (tcp, _) = try await fixture.live("alice:phone")
      let binary = try await fixture.webSocket(.with { $0.protocols = ["daybook.v1.proto"] })
      var bytes = ByteBuffer()
      bytes.writeFrame(
        .connect, sequence: 1, message: Daybook_V1_ConnectRequest.with { $0.token = "carol:phone" })
      binary.send(binary: Array(bytes.readableBytesView))
      var frames = BinaryFrames(socket: binary)
      _ = try await frames.until(.caughtUp)
      let json = try await fixture.liveJSONSession("bob:tab")

      json.send(
        #"{"sequence":2,"send":{"context":{"number":"1"},"to":"user/alice","content":{"plain":{"body":"aGk="}}}}"#
      )
      let reply = try await json.json("send_reply")
      #expect(reply.sequence == 2 && reply.body["message_id"] is String)
      #expect(reply.body["durability"] as? String == "DURABILITY_SYNCED")
      let pushed = try await tcp.until(.event).last!.event()
      #expect(pushed.actor.user?.text == "bob")

      _ = try await tcp.send("to the page", to: "user/bob", number: 1)
      let event = try await json.json("event").body
      let sent = try #require(event["message_sent"] as? [String: Any])
      #expect(text(of: sent) == "to the page" && event["user"] as? String == "alice")
      #expect(event["seq"] as? String == "1")
      json.send(#"{"sequence":3,"ack":{"stream":"user/bob","up_to_seq":1}}"#)

      _ = try await tcp.send("to the binary one", to: "user/carol", number: 2)
      let last = try #require(try await frames.until(.event).last).event()
      guard case .messageSent(let message) = last.body else {
        Issue.record("\(last)")
        return
      }
      #expect(try ContentCoding.show(message.content) == .text("to the binary one"))
    }
  }

  private func text(of message: [String: Any]) -> String? {
    let plain = (message["content"] as? [String: Any])?["plain"] as? [String: Any]
    return (plain?["body"] as? String).flatMap { Data(base64Encoded: $0) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// Frames as messages bring them.
  private struct BinaryFrames {
    let socket: RawWebSocket
    var decoder = FrameDecoder()

    mutating func next() async throws -> Frame {
      while true {
        if let frame = try decoder.next() { return frame }
        let message = try await socket.frame()
        try #require(message.opcode == 2, "\(message.opcode) \(message.code ?? 0)")
        decoder.append(ByteBuffer(bytes: message.payload))
      }
    }

    mutating func until(_ type: FrameType) async throws -> [Frame] {
      var all: [Frame] = []
      while all.last?.type != type { all.append(try await next()) }
      return all
    }
  }

  @Test("events within replies are what they say, not bytes")
  func replies() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let json = try await fixture.liveJSONSession("bob:tab")
      let (alice, _) = try await fixture.live("alice:phone")
      _ = try await alice.send("hello", to: "user/bob", number: 1)
      _ = try await json.json("event")
      json.send(#"{"sequence":2,"fetch":{"stream":"user/bob","from_seq":"1","to_seq":"1"}}"#)
      let fetched = try await json.json("fetch_reply").body
      let event = try #require((fetched["events"] as? [[String: Any]])?.first)
      #expect(text(of: try #require(event["message_sent"] as? [String: Any])) == "hello")
      #expect(fetched["head_seq"] as? String == "1")
    }
  }

  @Test("a frame in several messages, and several in one, are the stream that TCP would have")
  func cut() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let socket = try await fixture.webSocket(.with { $0.protocols = ["daybook.v1.proto"] })
      var bytes = ByteBuffer()
      bytes.writeFrame(
        .connect, sequence: 1, message: Daybook_V1_ConnectRequest.with { $0.token = "carol:phone" })
      bytes.writeFrame(.heartbeat, sequence: 2, message: Daybook_V1_HeartbeatRequest())
      let all = Array(bytes.readableBytesView)
      socket.send(binary: Array(all[..<7]))
      socket.send(binary: [])
      socket.send(binary: Array(all[7...]))
      var frames = BinaryFrames(socket: socket)
      #expect(try await frames.until(.heartbeat.reply).first?.type == .connect.reply)
    }
  }

  // MARK: what is refused

  @Test("a text that is no frame ends the session, with an error that says so")
  func nonsense() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      for text in ["", "{", "[]", "7", "null", #"{"sequence":1} x"#, "{\"sequence\":\"x\"}"] {
        let json = try await fixture.liveJSONSession("bob:tab")
        json.send(text)
        #expect(try await json.error() == .init("malformed_frame", 0), "\(text)")
        #expect(try await json.closing() == .init(4101, "malformed_frame"))
      }
    }
  }

  @Test("a body of another form is that request's fault alone")
  func otherForms() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let json = try await fixture.liveJSONSession("bob:tab")
      json.send(#"{"sequence":2,"send":{"to":5}}"#)
      #expect(try await json.error() == .init("invalid_request", 2))
      json.send(#"{"sequence":3,"history":[]}"#)
      #expect(try await json.error() == .init("invalid_request", 3))
      json.send(#"{"sequence":4,"dance":{}}"#)
      #expect(try await json.error() == .init("unknown_request_type", 4))
      json.send(#"{"sequence":5,"event":{}}"#)
      #expect(try await json.error() == .init("unknown_request_type", 5))
      // What is not known is passed over.
      json.send(#"{"sequence":6,"heartbeat":{"mood":"good"},"mood":["good"]}"#)
      #expect(try await json.json("heartbeat_reply").sequence == 6)
      json.send(#"{"heartbeat":{}}"#)
      #expect(try await json.error().name == "out_of_order_frame")
      #expect(try await json.closing() == .init(4103, "out_of_order_frame"))
    }
  }

  @Test("a message of the other kind is refused with 1003")
  func kinds() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let json = try await fixture.webSocket()
      json.send(binary: [1])
      #expect(try await json.closing().code == 1003)
      let binary = try await fixture.webSocket(.with { $0.protocols = ["daybook.v1.proto"] })
      binary.send("hi")
      #expect(try await binary.closing().code == 1003)
    }
  }

  @Test(
    "who is not known sends 8 KiB at a time, and then what a frame may have", arguments: [1, 3])
  func sizes(_ fragments: Int) async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      func send(_ count: Int, _ socket: RawWebSocket) {
        let bytes = [UInt8](repeating: 0x20, count: count / fragments)
        for index in 0..<fragments {
          socket.write(
            socket.frame(index == 0 ? 1 : 0, bytes, isFinal: index == fragments - 1))
        }
      }
      let stranger = try await fixture.webSocket()
      send(8_400, stranger)
      #expect(try await stranger.closing().code == 1009)
      let known = try await fixture.liveJSONSession("bob:tab")
      // Spaces are no JSON.
      send(1_000_000, known)
      #expect(try await known.closing().code == 4101)
      let other = try await fixture.liveJSONSession("bob:tab")
      send(1_200_000, other)
      #expect(try await other.closing().code == 1009)
    }
  }

  @Test("an unmasked frame is refused with 1002, and the operator's session is gone")
  func unmasked() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let json = try await fixture.liveJSONSession("bob:tab")
      json.write(json.frame(9, isMasked: false))
      #expect(try await json.closing().code == 1002)
      await json.close()
      while await fixture.sessions.connectionCount() > 0 { await Task.yield() }
    }
  }

  // MARK: the end

  @Test("a session that ends has the code of its error")
  func codes() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let refused = try await fixture.webSocket()
      refused.send(#"{"sequence":1,"connect":{"token":"nonsense"}}"#)
      #expect(try await refused.error().name == "invalid_token")
      #expect(try await refused.closing() == .init(4108, "invalid_token"))
      let first = try await fixture.liveJSONSession("bob:tab")
      let second = try await fixture.liveJSONSession("bob:tab")
      #expect(try await first.closing() == .init(4104, "session_replaced"))
      fixture.daybook.revoke(Revocation(tokenID: "id"), of: "alice")
      let void = try await fixture.webSocket()
      void.send(#"{"sequence":1,"connect":{"token":"alice:tab#id"}}"#)
      #expect(try await void.error().name == "token_revoked")
      #expect(try await void.closing() == .init(4113, "token_revoked"))
      fixture.sessions.changeDevices(to: .one)
      let tab = try await fixture.liveJSONSession("carol:tab")
      let phone = try await fixture.connect("carol:phone")
      #expect(try await tab.closing() == .init(4114, "device_displaced"))
      #expect(
        try await phone.ask(.heartbeat, Daybook_V1_HeartbeatRequest()).type == .heartbeat.reply)
      second.send(#"{"sequence":2,"disconnect":{}}"#)
      #expect(try await second.json("disconnect_reply").sequence == 2)
      #expect(try await second.closing() == .init(1000, ""))
      let third = try await fixture.liveJSONSession("bob:tab")
      async let stopped: Void = fixture.sessions.stop()
      #expect(try await third.closing() == .init(4004, "server_stopping"))
      await stopped
    }
  }

  @Test("a client that closes is answered with its code, and its session is gone")
  func leaving() async throws {
    try await GatewayFixture.runOverWebSocket { fixture in
      let json = try await fixture.liveJSONSession("bob:tab")
      json.sayClosing(1001, Array("going away".utf8))
      let closing = try await json.frame()
      #expect(closing.opcode == 8 && closing.code == 1001)
      #expect(try await json.isAtEnd())
      while await fixture.sessions.connectionCount() > 0 { await Task.yield() }
    }
  }

  @Test("pings are no sign of a session's life, nor is a message that never ends")
  func silence() async throws {
    var options = GatewayOptions.patient
    options.heartbeatInterval = .milliseconds(500)
    try await GatewayFixture.runOverWebSocket(options) { fixture in
      let json = try await fixture.jsonSession("bob:tab")
      json.write(json.frame(1, [0x20], isFinal: false))
      let bytes = json.frame(9) + json.frame(0, [0x20], isFinal: false)
      let pinging = Task {
        while json.channel.isActive {
          json.write(bytes)
          try await Task.sleep(for: .milliseconds(50))
        }
      }
      #expect(try await json.closing().code == 4002)
      await json.close()
      _ = await pinging.result
    }
  }

  @Test("pings of who does not read are not answered one by one")
  func unreadPings() async throws {
    let server = try await EchoServer()
    let socket = try await RawWebSocket.connect(to: server.address)
    try await socket.channel.setOption(.autoRead, value: false).get()
    let ping = socket.frame(9, [UInt8](repeating: 1, count: 100))
    // More than any system keeps for a socket.
    let many = (0..<5_000).flatMap { _ in ping }
    for _ in 0..<60 { try await socket.channel.writeAndFlush(ByteBuffer(bytes: many)) }
    socket.write(socket.frame(9, Array("last".utf8)))
    try await socket.channel.setOption(.autoRead, value: true).get()
    var pongs = 0
    while try await socket.frame().text != "last" { pongs += 1 }
    #expect(pongs < 300_000)
    await socket.close()
    await server.stop()
  }
}
