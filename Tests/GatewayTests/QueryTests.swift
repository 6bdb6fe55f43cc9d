import DaybookModel
import DaybookSchema
import NIOConcurrencyHelpers
import NIOCore
import Ports
import SwiftProtobuf
import Testing
import WireProtocol

@testable import Gateway

@Suite("queries")
struct QueryTests {
  static let bob = UserID(checked: "bob")

  /// Names of the longest kind, groups among them, in no order.
  static func counts(_ count: Int) -> [UnreadCount] {
    (0..<count).map { index in
      let number = String(index * 7919 % count)
      let id = String(repeating: "é", count: (64 - number.utf8.count) / 2) + number
      return UnreadCount(
        conversation: index % 3 == 0
          ? ConversationKey(group: GroupID(checked: id))
          : ConversationKey(mailbox: bob, peer: UserID(checked: id)),
        unread: UInt64(index) + 1)
    }
  }

  private func unread(
    _ client: TestClient, after: String = "", limit: UInt32 = 0
  ) async throws -> (Daybook_V1_UnreadReply, bytes: Int) {
    let request = Daybook_V1_UnreadRequest.with {
      $0.after = after
      $0.limit = limit
    }
    let frame = try await client.ask(.unread, request)
    try #require(frame.type == .unread.reply)
    return (try Daybook_V1_UnreadReply(frameBody: frame.body), frame.body.readableBytes)
  }

  @Test("20,000 unread conversations come in pages that fit a frame, each once")
  func unreadPages() async throws {
    try await GatewayFixture.run { fixture in
      let counts = QueryTests.counts(20_000)
      fixture.daybook.state.withLockedValue { $0.answers.unread = counts }
      let (bob, _) = try await fixture.live("bob:phone")
      var found: [Daybook_V1_ConversationUnread] = []
      var more = true
      while more {
        let (page, bytes) = try await unread(bob, after: found.last?.conversation ?? "")
        try #require(!page.conversations.isEmpty)
        #expect(bytes <= Limits.frameBytesMax / 2)
        #expect(page.total == 20_000 * 20_001 / 2)
        found += page.conversations
        more = page.more
      }
      let names = found.map { Array($0.conversation.utf8) }
      #expect(zip(names, names.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
      let expected = counts.map { [$0.conversation.description, "\($0.unread)"] }
      #expect(Set(found.map { [$0.conversation, "\($0.unread)"] }) == Set(expected))
    }
  }

  @Test("a page of unread has as many as asked for, and goes on behind a conversation now read")
  func unreadLimit() async throws {
    try await GatewayFixture.run { fixture in
      let peers = ["a", "b", "c", "d"].map { UserID(checked: $0) }
      fixture.daybook.state.withLockedValue { state in
        state.answers.unread = peers.map {
          UnreadCount(conversation: ConversationKey(mailbox: QueryTests.bob, peer: $0), unread: 1)
        }
      }
      let (bob, _) = try await fixture.live("bob:phone")
      let (first, _) = try await unread(bob, limit: 2)
      #expect(first.conversations.map(\.conversation) == ["user/a", "user/b"])
      #expect(first.more && first.total == 4)
      fixture.daybook.state.withLockedValue { _ = $0.answers.unread.remove(at: 1) }
      let (rest, _) = try await unread(bob, after: "user/b", limit: 2)
      #expect(rest.conversations.map(\.conversation) == ["user/c", "user/d"])
      #expect(!rest.more && rest.total == 3)
      let torn = Daybook_V1_UnreadRequest.with { $0.after = "b" }
      #expect(try await bob.error(.unread, torn) == .invalidID)
    }
  }

  @Test("quiet conversations are counted apart; mentions and marks are told")
  func unreadFields() async throws {
    try await GatewayFixture.run { fixture in
      func count(_ peer: String, _ unread: UInt64, _ mentions: UInt64, quiet: Bool, marked: Bool)
        -> UnreadCount
      {
        UnreadCount(
          conversation: ConversationKey(mailbox: QueryTests.bob, peer: UserID(checked: peer)),
          unread: unread, mentions: mentions, isQuiet: quiet, isMarked: marked)
      }
      fixture.daybook.state.withLockedValue {
        $0.answers.unread = [
          count("a", 3, 1, quiet: false, marked: false),
          count("b", 5, 2, quiet: true, marked: true),
          count("c", 0, 0, quiet: false, marked: true),
        ]
      }
      let (bob, _) = try await fixture.live("bob:phone")
      let (page, _) = try await unread(bob)
      #expect(page.total == 3 && page.quietTotal == 5 && page.mentionsTotal == 3)
      #expect(page.conversations.map(\.mentions) == [1, 2, 0])
      #expect(page.conversations.map(\.quiet) == [false, true, false])
      #expect(page.conversations.map(\.marked) == [false, true, true])
    }
  }
}
