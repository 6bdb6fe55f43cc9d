import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Testing
import WireProtocol

@testable import Gateway

/// The mailbox of bob's phone, followed as its connection's settings have it.
@Suite("a connection's settings, in what is pushed")
struct ConnectionSettingsTests {
  private static let alice = UserID(checked: "alice")
  private static let carol = UserID(checked: "carol")

  private func follow(
    head: UInt64 = 0, groups: [String] = [], quiet: [String] = [],
    _ change: (inout ConnectionSettings) -> Void
  ) throws -> SyncedStreams {
    var settings = ConnectionSettings()
    change(&settings)
    let streams = SyncedStreams(settings: settings)
    streams.syncing.quiet(are: quiet.map { StreamKey(checked: $0)! })
    try streams.follow(groups: groups, head: head)
    return streams
  }

  private static let delivered = Event.Body.messagesDelivered(
    by: alice, upTo: .message(MessageID(1)))
  private static let read = Event.Body.messagesRead(by: alice, upTo: .message(MessageID(1)))

  private static func copy(to user: UserID) -> Event.Body {
    .messageCopied(Message(content: ContentCoding.text("x")), to: user)
  }

  @Test("nothing is left out where nothing was asked for")
  func none() throws {
    let streams = try follow(quiet: ["user/alice"]) { _ in }
    _ = try streams.happened()
    for (seq, body) in [Self.delivered, Self.read, nil].enumerated() {
      _ = try streams.commit(SyncedStreams.mailbox, UInt64(seq + 1), body)
    }
    streams.syncing.sayWithheld(&streams.output)
    #expect(try streams.happened() == ["user/bob 1", "user/bob 2", "user/bob 3"])
  }

  @Test("receipts are passed over, and said to be before the next event, or after a while")
  func receipts() throws {
    let streams = try follow { $0.withholdsReceipts = true }
    _ = try streams.happened()
    _ = try streams.commit(SyncedStreams.mailbox, 1, Self.delivered)
    _ = try streams.commit(SyncedStreams.mailbox, 2, Self.read)
    #expect(try streams.happened() == [])
    _ = try streams.commit(SyncedStreams.mailbox, 3)
    #expect(try streams.happened() == ["not visible 1-2", "user/bob 3"])
    _ = try streams.commit(SyncedStreams.mailbox, 4, Self.delivered)
    streams.syncing.sayWithheld(&streams.output)
    streams.syncing.sayWithheld(&streams.output)
    #expect(try streams.happened() == ["not visible 4-4"])
  }

  @Test("what is passed over takes no room in the window, and needs no ack")
  func room() throws {
    let streams = try follow { $0.withholdsReceipts = true }
    _ = try streams.happened()
    for seq in 1...20 as ClosedRange<UInt64> {
      _ = try streams.commit(SyncedStreams.mailbox, seq, Self.delivered)
    }
    for seq in 21...24 as ClosedRange<UInt64> { _ = try streams.commit(SyncedStreams.mailbox, seq) }
    #expect(
      try streams.happened()
        == ["not visible 1-20"] + (21...24).map { "user/bob \($0)" })
    _ = try streams.commit(SyncedStreams.mailbox, 25, Self.read)
    _ = try streams.commit(SyncedStreams.mailbox, 26)
    #expect(
      try streams.happened()
        == ["behind user/bob 25/26", "awaiting user/bob"])
    try streams.ack(SyncedStreams.mailbox, 24)
    _ = streams.page(SyncedStreams.mailbox, 26...26)
    #expect(
      try streams.happened() == ["read user/bob 26-26", "not visible 25-25", "user/bob 26"])
  }

  @Test("pages of a sync are pushed without them")
  func pages() throws {
    let streams = try follow(head: 5) { $0.withholdsReceipts = true }
    _ = try streams.happened()
    let bodies: [Event.Body?] = [nil, Self.delivered, Self.read, nil, Self.delivered]
    _ = streams.page(
      SyncedStreams.mailbox,
      .success(
        bodies.prefix(4).enumerated().map {
          SyncedStreams.event(SyncedStreams.mailbox, UInt64($0 + 1), $1)
        }))
    let first = try streams.happened()
    #expect(
      first.filter { !$0.hasPrefix("read") } == ["user/bob 1", "not visible 2-3", "user/bob 4"])
    _ = streams.page(
      SyncedStreams.mailbox, .success([SyncedStreams.event(SyncedStreams.mailbox, 5, bodies[4])]))
    #expect(try streams.happened() == ["not visible 5-5", "caught up"])
  }

  @Test("of quiet conversations nothing comes, until they are quiet no more")
  func quiet() throws {
    let streams = try follow(groups: ["group/team"], quiet: ["user/alice", "group/team"]) {
      $0.withholdsQuiet = true
    }
    try streams.opened("group/team", head: 0)
    _ = try streams.happened()
    _ = try streams.commit(SyncedStreams.mailbox, 1)
    _ = try streams.commit(SyncedStreams.mailbox, 2, Self.copy(to: Self.alice))
    _ = try streams.commit(SyncedStreams.mailbox, 3, Self.read)
    _ = try streams.commit(SyncedStreams.mailbox, 4, .read(peer: Self.alice, upTo: Seq(3)))
    _ = try streams.commit(SyncedStreams.mailbox, 5, Self.copy(to: Self.carol))
    _ = try streams.commit("group/team", 1)
    _ = try streams.commit("group/team", 2, .memberJoined(Self.carol))
    #expect(try streams.happened() == ["not visible 1-3", "user/bob 4", "user/bob 5"])
    streams.syncing.mark(.user(Self.alice), isQuiet: false)
    streams.syncing.mark(.group(GroupID(checked: "team")), isQuiet: false)
    _ = try streams.commit(SyncedStreams.mailbox, 6)
    _ = try streams.commit("group/team", 3)
    #expect(
      try streams.happened() == ["user/bob 6", "not visible 1-2", "group/team 3"])
    streams.syncing.mark(.user(Self.carol), isQuiet: true)
    _ = try streams.commit(SyncedStreams.mailbox, 7, Self.copy(to: Self.carol))
    #expect(try streams.happened() == [])
  }

  @Test("the end of a quiet group is told")
  func quietEnd() throws {
    let streams = try follow(groups: ["group/team"], quiet: ["group/team"]) {
      $0.withholdsQuiet = true
    }
    try streams.opened("group/team", head: 0)
    _ = try streams.happened()
    _ = try streams.commit("group/team", 1)
    _ = try streams.commit("group/team", 2, .memberLeft(UserID(checked: "bob")))
    #expect(
      try streams.happened()
        == ["unsubscribe group/team", "not visible 1-1", "group/team 2", "unfollowed group/team"])
  }

  @Test("a client that pulls is told once of a stream, until it has fetched or acked some of it")
  func pull() throws {
    let streams = try follow(head: 7, groups: ["group/team"]) { $0.pulls = true }
    #expect(
      try streams.happened() == [
        "subscribe user/bob", "open user/bob", "subscribe group/team", "open group/team",
        "following user/bob",
      ])
    try streams.opened("group/team", head: 3)
    #expect(try streams.happened() == ["following group/team", "caught up"])
    for seq in 8...10 as ClosedRange<UInt64> { _ = try streams.commit(SyncedStreams.mailbox, seq) }
    _ = try streams.commit("group/team", 4)
    #expect(
      try streams.happened() == ["behind user/bob 0/8", "behind group/team 0/4"])
    // Two have come since it was told.
    streams.syncing.heard(StreamKey(checked: SyncedStreams.mailbox)!, &streams.output)
    #expect(try streams.happened() == ["behind user/bob 0/10"])
    try streams.ack(SyncedStreams.mailbox, 10)
    streams.syncing.heard(StreamKey(checked: SyncedStreams.mailbox)!, &streams.output)
    #expect(try streams.happened() == [])
    _ = try streams.commit(SyncedStreams.mailbox, 11)
    #expect(try streams.happened() == ["behind user/bob 10/11"])
  }

  @Test("a client that pulls follows what its user joins, and is told of what has ended")
  func pullGroups() throws {
    let streams = try follow(head: 0) { $0.pulls = true }
    _ = try streams.happened()
    _ = try streams.commit(
      SyncedStreams.mailbox, 1, .groupJoined(GroupID(checked: "team"), at: Seq(2)))
    #expect(
      try streams.happened()
        == ["subscribe group/team", "open group/team", "behind user/bob 0/1"])
    try streams.opened("group/team", cursor: 1, head: 2)
    _ = try streams.happened()
    _ = try streams.commit("group/team", 3, .memberLeft(UserID(checked: "bob")))
    #expect(
      try streams.happened()
        == ["unsubscribe group/team", "behind group/team 1/3", "unfollowed group/team"])
  }

  @Test("what settings leave out is not announced either")
  func together() throws {
    let streams = try follow(quiet: ["user/carol"]) {
      $0.pulls = true
      $0.withholdsReceipts = true
      $0.withholdsQuiet = true
    }
    _ = try streams.happened()
    _ = try streams.commit(SyncedStreams.mailbox, 1, Self.delivered)
    _ = try streams.commit(SyncedStreams.mailbox, 2, Self.copy(to: Self.carol))
    streams.syncing.sayWithheld(&streams.output)
    #expect(try streams.happened() == [])
    _ = try streams.commit(SyncedStreams.mailbox, 3)
    #expect(try streams.happened() == ["behind user/bob 0/3"])
  }
}
