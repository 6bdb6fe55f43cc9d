import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("the end of a token")
struct ExpiryTests {
  static let principals: [Principal] = [
    .device(UserID(checked: "bob"), DeviceID(checked: "phone")),
    .service(ServiceID(checked: "importer")),
  ]

  @Test("a session ends with its token", arguments: ["bob:phone", "service:importer"])
  func overTCP(token: String) async throws {
    try await GatewayFixture.run { fixture in
      let end = Timestamp(milliseconds: fixture.daybook.now().milliseconds + 20)
      fixture.daybook.state.withLockedValue { $0.expiresAt = end }
      let client = try await fixture.connect(token)
      #expect(
        try await client.ask(.heartbeat, Daybook_V1_HeartbeatRequest()).type == .heartbeat.reply)
      fixture.daybook.state.withLockedValue { $0.now = end }
      let last = try await client.until(.closing).last!
      let closing = try Daybook_V1_Closing(frameBody: last.body)
      #expect(closing.error.name == "expired_token" && !closing.error.temporary)
      #expect(await client.isAtEnd())
    }
  }

  @Test(
    "a token's end is looked for at each tick, by the wall clock, and awaited once it is near",
    arguments: ExpiryTests.principals)
  func clock(principal: Principal) {
    let daybook = MemoryDaybook()
    let start = daybook.now().milliseconds
    var machine = SessionMachine(
      id: "1", SessionSettings(logID: "log", options: GatewayOptions(), clock: daybook), load: .idle
    )
    var output = SessionOutput()
    var body = ByteBuffer()
    body.writeBytes(Daybook_V1_ConnectRequest.with { $0.token = "x" }.wireBytes())
    machine.received(
      Frame(version: 1, type: .connect, sequence: 1, body: body), &output)

    func delays() -> [Duration] {
      defer { output.actions = [] }
      return output.actions.compactMap {
        if case .scheduleExpiry(let delay) = $0 { delay } else { nil }
      }
    }
    let end = Timestamp(milliseconds: start + 5_400_000)
    machine.tokenChecked(.success(CheckedToken(principal, expiresAt: end)), &output)
    #expect(delays() == [])
    func set(_ left: UInt64) {
      let now = Timestamp(milliseconds: end.milliseconds - left)
      daybook.state.withLockedValue { $0.now = now }
    }
    for left: UInt64 in [5_400_000, 3_600_000, 30_001] {
      set(left)
      machine.peerIsAlive()
      machine.tick(isReading: true, &output)
      #expect(delays() == [])
    }
    set(30_000)
    machine.peerIsAlive()
    machine.tick(isReading: true, &output)
    #expect(delays() == [.seconds(30)])
    // One timer at a time; it comes early where the clock was set back meanwhile.
    machine.tick(isReading: true, &output)
    #expect(delays() == [])
    set(1)
    machine.expiryDue(&output)
    #expect(delays() == [.milliseconds(1)])
    set(40_000)
    machine.expiryDue(&output)
    #expect(delays() == [])
    machine.tick(isReading: true, &output)
    #expect(delays() == [])
    let isOpen = !machine.isClosed
    #expect(isOpen)
    daybook.state.withLockedValue { $0.now = end }
    machine.tick(isReading: true, &output)
    let isClosed = machine.isClosed
    #expect(delays().isEmpty && isClosed)
    machine.expiryDue(&output)
    #expect(output.actions.isEmpty)
  }
}
