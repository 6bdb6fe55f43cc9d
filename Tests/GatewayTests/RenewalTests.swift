import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("a session that goes on with another token", .timeLimit(.minutes(30)))
struct RenewalTests {
  @Test("lasts until that one ends", arguments: ["bob:phone", "service:importer"], [true, false])
  func renewed(token: String, atOnce: Bool) async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue { $0.checksAtOnce = atOnce }
      let first = Timestamp(milliseconds: fixture.daybook.now().milliseconds + 60)
      let second = Timestamp(milliseconds: first.milliseconds + 60)
      fixture.daybook.state.withLockedValue { $0.expiresAt = first }
      let client = try await fixture.open()
      let connected = try await client.connect(token)
      #expect(connected.tokenExpiresAtMs == first.milliseconds)
      fixture.daybook.state.withLockedValue { $0.expiresAt = second }
      let frame = try await client.ask(.renew, Daybook_V1_RenewRequest.with { $0.token = token })
      #expect(frame.type == .renew.reply)
      let reply = try Daybook_V1_RenewReply(frameBody: frame.body)
      #expect(reply.tokenExpiresAtMs == second.milliseconds)
      // Past the first one's end, it is there; past the second's, it is not.
      fixture.daybook.state.withLockedValue { $0.now = first }
      for _ in 0..<20 {
        let beat = try await client.ask(.heartbeat, Daybook_V1_HeartbeatRequest())
        #expect(beat.type == .heartbeat.reply)
        try await Task.sleep(for: .milliseconds(5))
      }
      fixture.daybook.state.withLockedValue { $0.now = second }
      let last = try await client.until(.closing).last!
      #expect(try Daybook_V1_Closing(frameBody: last.body).error.name == "expired_token")
    }
  }

  @Test(
    "takes no token of anybody else, and no bad one, and is then as it was",
    arguments: [
      ("alice:phone", ErrorCode.notPermitted), ("bob:laptop", .notPermitted),
      ("service:bob", .notPermitted), ("expired:x", .expiredToken), ("", .invalidToken),
    ] as [(String, ErrorCode)])
  func refused(token: String, code: ErrorCode) async throws {
    try await GatewayFixture.run { fixture in
      let client = try await fixture.connect("bob:phone")
      let request = Daybook_V1_RenewRequest.with { $0.token = token }
      #expect(try await client.error(.renew, request) == code)
      #expect(
        try await client.ask(.heartbeat, Daybook_V1_HeartbeatRequest()).type == .heartbeat.reply)
    }
  }
}
