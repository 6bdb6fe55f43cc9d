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
    "a token's end is awaited by the wall clock, an hour at a time",
    arguments: ExpiryTests.principals)
  func clock(principal: Principal) {
    let daybook = MemoryDaybook()
    let start = daybook.now().milliseconds
    var machine = SessionMachine(
      id: "1", logID: "log", options: GatewayOptions(), clock: daybook)
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
    #expect(delays() == [.seconds(3600)])
    for (now, delay) in [
      (start + 3_600_000, Duration.seconds(1800)), (start, .seconds(3600)),
      (start + 5_399_999, .milliseconds(1)),
    ] {
      daybook.state.withLockedValue { $0.now = Timestamp(milliseconds: now) }
      machine.expiryDue(&output)
      let isClosed = machine.isClosed
      #expect(delays() == [delay] && !isClosed)
    }
    daybook.state.withLockedValue { $0.now = end }
    machine.expiryDue(&output)
    let isClosed = machine.isClosed
    #expect(delays().isEmpty && isClosed)
    machine.expiryDue(&output)
    #expect(output.actions.isEmpty)
  }
}
