import DaybookModel
import DaybookSchema
import FoundationEssentials
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("who is let in")
struct AdmissionTests {
  @Test("no more is accepted than places and a few to refuse, until sockets are closed")
  func sockets() {
    let gate = ConnectionGate(connectionsMax: { 2 })
    let woken = NIOLockedValueBox(0)
    let wake: @Sendable () -> Void = { woken.withLockedValue { $0 += 1 } }
    for _ in 0..<2 { gate.accepted() }
    #expect(gate.mayAccept(orCall: wake))
    for _ in 0..<ConnectionGate.acceptsMax { gate.accepted() }
    #expect(!gate.mayAccept(orCall: wake))
    for _ in 1..<ConnectionGate.acceptsMax { gate.closed() }
    #expect(woken.withLockedValue { $0 } == 0)
    gate.closed()
    #expect(woken.withLockedValue { $0 } == 1)
    gate.closed()
    #expect(woken.withLockedValue { $0 } == 1)
  }

  @Test("of several listeners each that waits is told that there is room")
  func listeners() {
    let gate = ConnectionGate(connectionsMax: { 0 })
    let woken = NIOLockedValueBox<[String]>([])
    gate.accepted()
    for name in ["a", "b"] {
      #expect(!gate.mayAccept { woken.withLockedValue { $0.append(name) } })
    }
    gate.closed()
    #expect(woken.withLockedValue { $0 } == ["a", "b"])
  }

  @Test("an IPv4 address counts as a whole, of an IPv6 address the first 64 bits do")
  func networks() throws {
    func name(_ address: String) throws -> String {
      ClientNetwork.name(of: try SocketAddress(ipAddress: address, port: 1))
    }
    #expect(try name("192.0.2.1") == "192.0.2.1")
    #expect(try name("192.0.2.1") != name("192.0.2.2"))
    #expect(try name("::ffff:192.0.2.1") == "192.0.2.1")
    #expect(try name("2001:db8:0:a::1") == name("2001:db8:0:a:ffff:1:2:3"))
    #expect(try name("2001:db8:0:a::1") != name("2001:db8:0:b::1"))
    #expect(ClientNetwork.name(of: nil) == "")
  }

  @Test("a limit that is lowered or raised while the server runs counts at once")
  func movingLimit() {
    let most = NIOLockedValueBox(3)
    let gate = ConnectionGate(connectionsMax: { most.withLockedValue { $0 } })
    for _ in 0..<3 { gate.accepted() }
    #expect(gate.mayAccept {})
    most.withLockedValue { $0 = 2 }
    #expect(!gate.mayAccept {})
    #expect(gate.admit(from: "a") == .admitted && gate.admit(from: "a") == .admitted)
    #expect(gate.admit(from: "a") == .full)
    most.withLockedValue { $0 = 4 }
    #expect(gate.mayAccept {})
    #expect(gate.admit(from: "a") == .admitted)
  }

  @Test("one address has half of the places for connections that have not connected")
  func addresses() {
    let gate = ConnectionGate(connectionsMax: { 100 })
    for _ in 0..<50 { #expect(gate.admit(from: "a") == .admitted) }
    #expect(gate.admit(from: "a") == .crowded)
    #expect(gate.admit(from: "b") == .admitted)
    gate.known(from: "a")
    #expect(gate.admit(from: "a") == .admitted)
    #expect(gate.admit(from: "a") == .crowded)
    gate.left(from: "a", isStranger: false)
    #expect(gate.admit(from: "a") == .crowded)
    gate.left(from: "a", isStranger: true)
    #expect(gate.admit(from: "a") == .admitted)
    for _ in 0..<49 { _ = gate.admit(from: "b") }
    #expect(gate.admit(from: "c") == .full)
  }

  @Test("who is refused is told so and closed at once, and the sessions go on")
  func refused() async throws {
    var options = GatewayOptions.patient
    options.connectionsMax = { 1 }
    try await GatewayFixture.runOverTCP(options) { fixture in
      let (bob, _) = try await fixture.live("bob:phone")
      for _ in 0..<3 * ConnectionGate.acceptsMax {
        let other = try await fixture.open()
        let closing = try Daybook_V1_Closing(frameBody: try await other.next().body)
        #expect(closing.error.name == "overloaded" && closing.error.temporary)
        #expect(await other.isAtEnd())
      }
      _ = try await bob.fence()
    }
  }

  @Test("before Connect a frame has at most 8 KiB, and the header alone is enough to refuse it")
  func strangersFrame() async throws {
    try await GatewayFixture.runOverTCP { fixture in
      let client = try await fixture.open()
      var header = ByteBuffer()
      header.writeFrameHeader(.connect, sequence: 3, bodyLength: 8_173)
      try await client.write(header)
      let frame = try await client.next()
      let error = try Daybook_V1_ErrorReply(frameBody: frame.body)
      #expect(frame.sequence == 3 && error.name == "frame_too_large")
      #expect(await client.isAtEnd())
    }
  }

  @Test("a long token fits, and what is sent right behind it may be as large as ever")
  func behindConnect() async throws {
    try await GatewayFixture.runOverTCP { fixture in
      let client = try await fixture.open()
      var bytes = ByteBuffer()
      bytes.writeFrame(
        .connect, sequence: 1,
        message: Daybook_V1_ConnectRequest.with {
          $0.token = "service:" + String(repeating: "x", count: 8_000)
          $0.origin = .init([1])
        })
      let text = String(repeating: "y", count: 60_000)
      bytes.writeFrame(
        .send, sequence: 2,
        message: Requests.send(text, to: "user/bob", number: 1, actingFor: "alice"))
      try await client.write(bytes)
      #expect(try await client.next().type == .connect.reply)
      #expect(try await client.next().type == .send.reply)
    }
  }

  @Test("what a client sent comes back in an error without control characters")
  func echo() async throws {
    try await GatewayFixture.runOverTCP { fixture in
      let (client, _) = try await fixture.live("bob:phone")
      let long = "user/\u{1b}[2J\n" + String(repeating: "e\u{301}", count: 10_000)
      let frame = try await client.ask(
        .fetch, Daybook_V1_FetchRequest.with { $0.stream = long })
      let error = try Daybook_V1_ErrorReply(frameBody: frame.body)
      #expect(error.name == "invalid_id" && error.message.utf8.count < 200)
      #expect(
        error.message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }
  }
}
