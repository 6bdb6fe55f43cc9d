import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("what acks of groups cost", .timeLimit(.minutes(30)))
struct GroupCursorCostTests {
  private static let group = StreamKey.group(GroupID(checked: "g"))

  private func gathered(_ fixture: GatewayFixture) -> [String: [GroupPosition]] {
    let commands = fixture.daybook.commandsNow {
      if case .ackGroups = $0.body { true } else { false }
    }
    var gathered: [String: [GroupPosition]] = [:]
    for command in commands {
      guard case .ackGroups(let cursors, _) = command.body, let user = command.actor.user
      else { continue }
      gathered[user.text, default: []] += cursors
    }
    return gathered
  }

  @Test(
    "messages to a group lead to their events at once, and to one cursor a device in an interval")
  func one() async throws {
    var options = GatewayOptions.patient
    // It ends with the session here, and not before.
    options.groupCursorInterval = .hours(1)
    try await GatewayFixture.run(options) { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      try await alice.makeGroup("g", number: 1)
      var members: [TestClient] = []
      for index in 0..<20 {
        let (member, _) = try await fixture.live("m\(index):phone")
        try await member.say(.join, Requests.join("g", number: 1))
        _ = try await member.seqs(of: "group/g", through: UInt64(index + 2))
        members.append(member)
      }
      let head = fixture.daybook.state.withLockedValue { $0.streams[Self.group]!.head }
      for number in 2...6 as ClosedRange<UInt64> {
        _ = try await alice.send("x", to: "group/g", number: number)
        for member in members {
          let seq = head.rawValue + number - 1
          _ = try await member.seqs(of: "group/g", through: seq)
          try await member.say(.ack, Requests.ack("group/g", seq))
        }
      }
      let last = Seq(head.rawValue + 5)
      for member in members {
        // Whatever was said before was read when this is answered.
        _ = try await member.ask(.heartbeat, Daybook_V1_HeartbeatRequest())
      }
      #expect(gathered(fixture).isEmpty)
      #expect(fixture.daybook.state.withLockedValue { $0.streams[Self.group]!.head } == last)
      for member in members {
        _ = try await member.ask(.disconnect, Daybook_V1_DisconnectRequest())
      }
      let expected = [GroupPosition(GroupID(checked: "g"), upTo: last)]
      for index in 0..<20 { #expect(gathered(fixture)["m\(index)"] == expected) }
    }
  }

  @Test("an ack past what the group's owner has is refused, and not gathered")
  func ahead() async throws {
    var options = GatewayOptions.patient
    options.groupCursorInterval = .hours(1)
    try await GatewayFixture.run(options) { fixture in
      let (alice, _) = try await fixture.live("alice:phone")
      try await alice.makeGroup("g", number: 1)
      #expect(try await alice.error(.ack, Requests.ack("group/g", 9)) == .logRolledBack)
      // What has come there, and was not told here, is taken.
      let actor = Actor(user: UserID(checked: "alice"))
      let body = Event.Body.groupChanged(GroupSettings(title: "t"))
      fixture.daybook.append(Self.group, actor, body, isTold: false)
      try await alice.say(.ack, Requests.ack("group/g", 2))
      _ = try await alice.ask(.heartbeat, Daybook_V1_HeartbeatRequest())
      _ = try await alice.ask(.disconnect, Daybook_V1_DisconnectRequest())
      #expect(
        gathered(fixture) == ["alice": [GroupPosition(GroupID(checked: "g"), upTo: Seq(2))]])
    }
  }
}
