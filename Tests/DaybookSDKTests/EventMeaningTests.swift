import DaybookModel
import DaybookSchema
import NIOCore
import Testing
import WireProtocol

@testable import DaybookSDK

/// What the session of the user "me" tells of an event.
@Suite("What an event means to the user")
struct EventMeaningTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var stream = "group/team"
    var body: Event.Body
    var from = "eve"
    var expected: [ClientEvent]

    var testDescription: String { "\(body)" }
  }

  private static let bob = UserID(checked: "bob")
  private static let me = UserID(checked: "me")
  private static let team = GroupID(checked: "team")
  private static let settings = GroupSettings(
    title: "T", description: "D", joinPolicy: .approval, isHistoryShown: true, isSilenced: true)

  static let groupCases = [
    Case(
      body: .groupCreated(settings), expected: [.groupCreated("team", title: "T", by: "eve")]),
    Case(
      body: .groupChanged(settings),
      expected: [.groupChanged("team", GroupAttributes(settings), by: "eve")]),
    Case(body: .groupDissolved, expected: [.groupDissolved("team", by: "eve")]),
    Case(
      body: .memberJoined(bob), from: "bob",
      expected: [.memberJoined(group: "team", user: "bob")]),
    Case(
      body: .memberJoined(bob),
      expected: [.memberJoined(group: "team", user: "bob", by: "eve")]),
    Case(
      body: .memberJoined(bob, role: .owner), from: "bob",
      expected: [
        .memberJoined(group: "team", user: "bob"),
        .roleChanged(group: "team", user: "bob", role: .owner),
      ]),
    Case(body: .memberLeft(bob), from: "bob", expected: [.memberLeft(group: "team", user: "bob")]),
    Case(
      body: .memberLeft(bob), expected: [.memberLeft(group: "team", user: "bob", by: "eve")]),
    Case(
      body: .memberLeft(bob, successor: me), from: "bob",
      expected: [
        .memberLeft(group: "team", user: "bob"),
        .roleChanged(group: "team", user: "me", role: .owner),
      ]),
    Case(
      body: .memberInvited(bob), expected: [.memberInvited(group: "team", user: "bob", by: "eve")]),
    Case(
      body: .joinRequested(bob), from: "bob",
      expected: [.joinRequested(group: "team", user: "bob")]),
    Case(
      body: .joinRefused(bob), from: "bob", expected: [.joinRefused(group: "team", user: "bob")]),
    Case(
      body: .joinRefused(bob), expected: [.joinRefused(group: "team", user: "bob", by: "eve")]),
    Case(
      body: .roleChanged(bob, .admin),
      expected: [.roleChanged(group: "team", user: "bob", role: .admin, by: "eve")]),
    Case(
      body: .memberSilenced(bob, true),
      expected: [.memberSilenced(group: "team", user: "bob", isSilenced: true, by: "eve")]),
    Case(
      body: .memberSilenced(bob, false),
      expected: [.memberSilenced(group: "team", user: "bob", isSilenced: false, by: "eve")]),
  ]

  static let mailboxCases = [
    Case(body: .groupJoined(team, at: Seq(1)), expected: [.groupJoined("team")]),
    Case(body: .groupLeft(team, at: Seq(1)), expected: [.groupLeft("team")]),
    Case(
      body: .groupInvited(team, at: Seq(1)), expected: [.invited(group: "team", by: "eve")]),
    Case(
      body: .groupRefused(team, at: Seq(1)), expected: [.refused(group: "team", by: "eve")]),
    Case(
      body: .groupWaiting(team, bob, .invited),
      expected: [.memberInvited(group: "team", user: "bob", by: "eve")]),
    Case(
      body: .groupWaiting(team, bob, .requested), from: "bob",
      expected: [.joinRequested(group: "team", user: "bob")]),
    Case(
      body: .groupWaiting(team, bob, .refused),
      expected: [.joinRefused(group: "team", user: "bob", by: "eve")]),
    Case(
      body: .groupWaiting(team, bob, .refused), from: "bob",
      expected: [.joinRefused(group: "team", user: "bob")]),
    Case(body: .userBlocked(bob), from: "me", expected: [.blocked("bob")]),
    Case(body: .userUnblocked(bob), from: "me", expected: [.unblocked("bob")]),
    Case(
      body: .conversationMarked(.user(bob), ConversationMarks(isQuiet: true, isUnread: true)),
      from: "me",
      expected: [
        .marked(
          MarkedConversation(.user("bob"), ConversationMarks(isQuiet: true, isUnread: true)))
      ]),
    Case(
      body: .conversationCleared(peer: bob, upTo: Seq(7)), from: "me",
      expected: [.cleared(.user("bob"), upToSeq: 7)]),
    Case(
      body: .groupCleared(team, upTo: Seq(7)), from: "me",
      expected: [.cleared(.group("team"), upToSeq: 7)]),
    Case(
      body: .read(peer: bob, upTo: Seq(7)), from: "me",
      expected: [.read(.user("bob"), upToSeq: 7)]),
    Case(
      body: .groupRead(team, upTo: Seq(7)), from: "me",
      expected: [.read(.group("team"), upToSeq: 7)]),
    Case(
      body: .deviceForgotten(DeviceID(checked: "tablet")), from: "me",
      expected: [.deviceForgotten("tablet")]),
    Case(
      body: .tokensRevoked(
        Revocation(
          device: DeviceID(checked: "tablet"), issuedUntil: Timestamp(milliseconds: 1))),
      from: "", expected: [.tokensRevoked(device: "tablet", tokenID: nil)]),
    Case(
      body: .tokensRevoked(Revocation(tokenID: "id")), from: "",
      expected: [.tokensRevoked(device: nil, tokenID: "id")]),
  ].map { one in
    var one = one
    one.stream = "user/me"
    return one
  }

  @Test("is told once, and then counts as handed on", arguments: groupCases + mailboxCases)
  func told(_ one: Case) {
    var server = Peer()
    server.connect()
    server.following(one.stream, cursor: 0, head: 1)
    _ = server.take()
    server.event(1, one.body, from: one.from, in: one.stream)
    let actions = server.core.takeActions()
    // The ack's point stands with the last of what is told.
    if case .emit(_, let point)? = actions.last { #expect(point?.seq == Seq(1)) }
    let taken = Taken(actions)
    #expect(taken.events == one.expected)
    #expect(taken.points == [1])
  }

  @Test("is nothing where a kind concerns the server alone, and yet its seq is acked")
  func nothing() {
    var server = Peer()
    server.connect()
    server.following(cursor: 0, head: 2)
    _ = server.take()
    server.event(1, .sessionOpened(session: "s", client: "c"))
    server.event(
      2,
      .messageTombstone(
        MessageTombstone(
          by: Self.bob, at: Timestamp(milliseconds: 1), isEdit: true, to: Self.bob)),
      from: "bob")
    let taken = server.take()
    #expect(taken.events == [])
    #expect(taken.points == [1, 2])
  }
}
