import DaybookModel
import NIOConcurrencyHelpers
import NIOCore
import Ports
import Testing
import WireProtocol

@testable import Gateway

@Suite("batches that a gateway was not told of")
struct InterruptionTests {
  @Test("are read from the log: every session gets what it missed, and goes on live")
  func missed() async throws {
    try await GatewayFixture.run { fixture in
      let daybook = fixture.daybook
      let (bob, _) = try await fixture.live("bob:phone")
      let (alice, _) = try await fixture.live("alice:phone")
      for text in ["1", "2", "3"] {
        daybook.append(Chat.bobBox, Chat.alice, Chat.sent(text), isTold: false)
      }
      daybook.interrupt(Chat.bobBox)
      #expect(try await bob.seqs(of: "user/bob", through: 3) == [1, 2, 3])
      daybook.append(Chat.bobBox, Chat.alice, Chat.sent("4"))
      #expect(try await bob.seqs(of: "user/bob", through: 4) == [4])
      #expect(try await alice.fence().isEmpty)
    }
  }

  @Test("may have brought a group, which is followed, or have ended one")
  func groups() async throws {
    try await GatewayFixture.run { fixture in
      let daybook = fixture.daybook
      let (bob, _) = try await fixture.live("bob:phone")
      let group = GroupID(checked: "g")
      daybook.append(Chat.group, Chat.alice, .groupCreated(GroupSettings(title: "")))
      let (joined, _) = daybook.append(Chat.group, Chat.bob, .memberJoined(Chat.bob.user!))
      daybook.state.withLockedValue {
        $0.streams[Chat.group]!.stays[Chat.bob.user!] = [SeqInterval(first: joined, last: nil)]
        $0.groups[Chat.bob.user!] = [group]
      }
      daybook.append(Chat.bobBox, Chat.bob, .groupJoined(group, at: joined), isTold: false)
      daybook.interrupt(Chat.bobBox)
      #expect(try await bob.seqs(of: "group/g", through: joined.rawValue) == [joined.rawValue])
      let (left, _) = daybook.append(
        Chat.group, Chat.bob, .memberLeft(Chat.bob.user!, successor: nil), isTold: false)
      daybook.state.withLockedValue {
        $0.streams[Chat.group]!.stays[Chat.bob.user!]![0].last = left
      }
      daybook.interrupt(Chat.group)
      #expect(try await bob.seqs(of: "group/g", through: left.rawValue) == [left.rawValue])
      #expect(try await bob.until(.unfollowed).count == 1)
    }
  }

  @Test("an answer that comes twice finds nobody")
  func twice() async throws {
    try await GatewayFixture.run { fixture in
      fixture.daybook.state.withLockedValue { $0.answersTwice = true }
      let (bob, _) = try await fixture.live("bob:phone")
      for number in 1...20 as ClosedRange<UInt64> {
        let reply = try await bob.send("x", to: "user/alice", number: number)
        #expect(reply.type == .send.reply)
      }
      #expect(try await bob.fence().isEmpty)
    }
  }
}
