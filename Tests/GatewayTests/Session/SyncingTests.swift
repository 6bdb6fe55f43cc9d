import DaybookModel
import Ports
import Testing
import WireProtocol

@testable import Gateway

@Suite("which streams a session follows, and how far each has come")
struct SyncingTests {
  static let damaged = DaybookError(.logCorrupt, "damaged")

  @Test("the mailbox comes first, then one group after the other, then it has caught up, once")
  func order() throws {
    let streams = SyncedStreams()
    try streams.follow(groups: ["group/a", "group/b"], head: 2)
    #expect(
      try streams.happened() == [
        "subscribe user/bob", "open user/bob", "read user/bob 1-2", "following user/bob",
      ])
    _ = streams.page("user/bob", 1...2)
    #expect(
      try streams.happened() == ["subscribe group/a", "open group/a", "user/bob 1", "user/bob 2"])
    try streams.opened("group/a", head: 0)
    #expect(
      try streams.happened() == ["subscribe group/b", "open group/b", "following group/a"])
    try streams.opened("group/b", head: 1)
    #expect(try streams.happened() == ["read group/b 1-1", "following group/b"])
    _ = streams.page("group/b", 1...1)
    #expect(try streams.happened() == ["group/b 1", "caught up"])
    streams.advance()
    streams.openNext()
    #expect(try streams.happened().isEmpty)
  }

  @Test("a service follows nothing, and is never caught up")
  func service() throws {
    let streams = SyncedStreams(of: .service(ServiceID(checked: "crm")))
    streams.advance()
    streams.openNext()
    #expect(try streams.happened().isEmpty)
  }

  @Test("a stream that is to be opened is only named: what goes ahead of that comes first")
  func named() throws {
    let streams = SyncedStreams()
    try streams.follow(groups: ["group/a"], head: 1)
    _ = streams.syncing.pageRead(
      StreamKey(checked: "user/bob")!, .success([SyncedStreams.event("user/bob", 1)]),
      &streams.output)
    _ = try streams.happened()
    let next = streams.syncing.advance(&streams.output)
    #expect(try next?.text == "group/a" && streams.happened().isEmpty)
    streams.open(next!)
    #expect(try streams.happened() == ["subscribe group/a", "open group/a"])
  }

  @Test("a group that can't be opened is passed over, and the next one is")
  func openFailed() throws {
    let streams = SyncedStreams()
    try streams.follow(groups: ["group/a", "group/b"])
    _ = try streams.happened()
    streams.syncing.openFailed(StreamKey(checked: "group/a")!, &streams.output)
    streams.openNext()
    #expect(
      try streams.happened() == ["unsubscribe group/a", "subscribe group/b", "open group/b"])
    // It was never followed, so there is nothing to ack.
    #expect(throws: DaybookError.self) { try streams.ack("group/a", 1) }
  }

  @Test("one page is read at a time, and streams that are behind take turns")
  func turns() throws {
    let streams = try SyncedStreams(live: ["group/a", "group/b"], windowEvents: 2)
    for seq in 1...5 as ClosedRange<UInt64> {
      _ = try streams.commit("group/a", seq)
      _ = try streams.commit("group/b", seq)
    }
    _ = try streams.happened()
    try streams.ack("group/a", 2)
    try streams.ack("group/b", 2)
    #expect(try streams.happened() == ["read group/a 3-4"])
    _ = streams.page("group/a", 3...4)
    // Acked meanwhile: it could go on, but the other has not been read for longer.
    #expect(
      try streams.happened()
        == ["read group/b 3-4", "group/a 3", "group/a 4", "awaiting group/a"])
    try streams.ack("group/a", 4)
    #expect(try streams.happened().isEmpty)
    _ = streams.page("group/b", 3...4)
    #expect(
      try streams.happened()
        == ["read group/a 5-5", "group/b 3", "group/b 4", "awaiting group/b"])
  }

  @Test("the stream in sync lets those that are behind read before it reads again")
  func turnsInSync() throws {
    let streams = SyncedStreams(windowEvents: 2)
    try streams.follow(groups: ["group/a"])
    try streams.opened("group/a", head: 4)
    #expect(try streams.happened().last == "following group/a")
    for seq in 1...3 as ClosedRange<UInt64> { _ = try streams.commit("user/bob", seq) }
    try streams.ack("user/bob", 2)
    _ = try streams.happened()
    try streams.ack("group/a", 4)
    _ = streams.page("group/a", 1...2)
    #expect(try streams.happened() == ["read user/bob 3-3", "group/a 1", "group/a 2"])
    _ = streams.page("user/bob", 3...3)
    #expect(try streams.happened() == ["read group/a 3-4", "user/bob 3"])
  }

  @Test("an event is pushed if there is room; if not, that it is behind is said once there is")
  func behind() throws {
    let streams = try SyncedStreams(live: ["group/a"], windowEvents: 2)
    #expect(try streams.commit("group/a", 1) == .pushed(mayOpen: false))
    #expect(try streams.happened() == ["group/a 1"])
    streams.flushed(isFull: true)
    #expect(try streams.commit("group/a", 2) == .held)
    #expect(try streams.commit("group/a", 3) == .held)
    #expect(try streams.happened().isEmpty)
    streams.flushed(isFull: true)
    #expect(try streams.happened().isEmpty)
    streams.flushed(isFull: false)
    #expect(try streams.happened() == ["read group/a 2-2", "behind group/a 1/3"])
    _ = streams.page("group/a", 2...2)
    #expect(try streams.happened() == ["group/a 2", "awaiting group/a"])
    try streams.ack("group/a", 2)
    _ = streams.page("group/a", 3...3)
    #expect(try streams.happened() == ["read group/a 3-3", "group/a 3"])
    // It is live again.
    try streams.ack("group/a", 3)
    #expect(try streams.commit("group/a", 4) == .pushed(mayOpen: false))
    #expect(try streams.happened() == ["group/a 4"])
  }

  @Test("a window that is full is behind at once, and what it waits for is said")
  func window() throws {
    let streams = try SyncedStreams(live: ["group/a"], windowEvents: 1)
    _ = try streams.commit("group/a", 1)
    #expect(try streams.commit("group/a", 2) == .fellBehind)
    #expect(
      try streams.happened() == ["group/a 1", "behind group/a 1/2", "awaiting group/a"])
  }

  @Test("without room nothing is opened, read or said; all of it is when there is")
  func full() throws {
    let streams = SyncedStreams()
    streams.flushed(isFull: true)
    try streams.follow(groups: ["group/a"])
    #expect(
      try streams.happened() == ["subscribe user/bob", "open user/bob", "following user/bob"])
    streams.flushed(isFull: false)
    #expect(try streams.happened() == ["subscribe group/a", "open group/a"])
  }

  @Test("so much as may wait in one go is said, then nothing more is pushed until it was flushed")
  func outboundBytes() throws {
    let streams = SyncedStreams(windowEvents: 100, outboundBytesMax: 200)
    try streams.follow()
    _ = try streams.happened()
    var seq: UInt64 = 0
    repeat { seq += 1 } while try streams.commit("user/bob", seq) == .pushed(mayOpen: false)
    #expect(seq > 2)
    #expect(streams.output.byteCount <= 200)
    #expect(try streams.happened() == (1..<seq).map { "user/bob \($0)" })
    streams.flushed(isFull: false)
    #expect(
      try streams.happened()
        == ["read user/bob \(seq)-\(seq)", "behind user/bob \(seq - 1)/\(seq)"])
  }

  @Test("a page that comes when there is no room is read again when there is")
  func droppedPage() throws {
    let streams = SyncedStreams()
    try streams.follow(head: 2)
    _ = try streams.happened()
    streams.flushed(isFull: true)
    guard case .dropped = streams.page("user/bob", 1...2) else {
      Issue.record("it was taken")
      return
    }
    streams.flushed(isFull: false)
    #expect(try streams.happened() == ["read user/bob 1-2"])
  }

  @Test("a page that can't be read costs its group, and of the mailbox the session")
  func damagedPage() throws {
    let streams = SyncedStreams()
    try streams.follow(groups: ["group/a", "group/b"])
    try streams.opened("group/a", head: 2)
    _ = try streams.happened()
    guard case .ended = streams.page("group/a", .failure(SyncingTests.damaged)) else {
      Issue.record("it did not end")
      return
    }
    #expect(
      try streams.happened() == ["unsubscribe group/a", "subscribe group/b", "open group/b"])
    let mailbox = SyncedStreams()
    try mailbox.follow(head: 2)
    guard case .failed(let error) = mailbox.page("user/bob", .failure(SyncingTests.damaged)) else {
      Issue.record("it did not fail")
      return
    }
    #expect(error.code == .logCorrupt)
  }

  @Test("a page that isn't what follows fails, and one that nobody asked for is dropped")
  func tornPage() throws {
    let streams = SyncedStreams()
    try streams.follow(head: 3)
    guard case .failed(let error) = streams.page("user/bob", 2...3) else {
      Issue.record("it did not fail")
      return
    }
    #expect(error.code == .storageFailed)
    let live = try SyncedStreams(live: [])
    guard case .dropped = live.page("user/bob", 1...1) else {
      Issue.record("it was taken")
      return
    }
  }

  @Test(
    "an event is held while its stream syncs, missed if one before it is, and of no other stream")
  func committed() throws {
    let streams = SyncedStreams()
    try streams.follow(groups: ["group/a"])
    #expect(try streams.commit("group/a", 1) == .held)
    #expect(try streams.commit("group/b", 1) == .notFollowed)
    #expect(try streams.commit("user/bob", 1) == .pushed(mayOpen: false))
    #expect(try streams.commit("user/bob", 1) == .held)
    #expect(try streams.commit("user/bob", 3) == .gap)
  }

  @Test("a stream may be acked from its following on, and after its end; never before")
  func acks() throws {
    let streams = SyncedStreams(windowEvents: 2)
    #expect(throws: DaybookError.self) { try streams.ack("user/bob", 1) }
    try streams.follow(groups: ["group/a"])
    #expect(throws: DaybookError.self) { try streams.ack("group/a", 1) }
    try streams.opened("group/a", head: 0)
    let left = Event.Body.memberLeft(UserID(checked: "bob"), successor: nil)
    _ = try streams.commit("group/a", 1)
    #expect(try streams.commit("group/a", 2, left) == .pushed(mayOpen: true))
    _ = try streams.happened()
    try streams.ack("group/a", 2)
    // Back in it, before its owner knows of that ack: no page waits for what was acked.
    _ = try streams.commit("user/bob", 1, .groupJoined(GroupID(checked: "a"), at: Seq(3)))
    try streams.opened("group/a", head: 3)
    _ = streams.page("group/a", 1...2)
    #expect(
      try streams.happened() == [
        "subscribe group/a", "open group/a from 2, read 0", "read group/a 1-2",
        "read group/a 3-3", "user/bob 1", "following group/a", "group/a 1", "group/a 2",
      ])
  }

  @Test("an ack while a group opens again counts for its pages")
  func ackWhileReopening() throws {
    let streams = try SyncedStreams(live: ["group/a"], windowEvents: 1)
    let left = Event.Body.memberLeft(UserID(checked: "bob"), successor: nil)
    _ = try streams.commit("group/a", 1, left)
    _ = try streams.commit("user/bob", 1, .groupJoined(GroupID(checked: "a"), at: Seq(2)))
    try streams.ack("group/a", 1)
    _ = try streams.happened()
    try streams.opened("group/a", head: 2)
    _ = streams.page("group/a", 1...1)
    #expect(
      try streams.happened()
        == ["read group/a 1-1", "read group/a 2-2", "following group/a", "group/a 1"])
  }

  /// How a live group ends, and what follows from it.
  private static let ends: [(Event.Body, [String])] = [
    (
      .memberLeft(UserID(checked: "bob"), successor: nil),
      ["unsubscribe group/a", "group/a 1", "unfollowed group/a"]
    ),
    (
      .groupDissolved,
      ["unsubscribe group/a", "drop a at 1 in user/bob", "group/a 1", "unfollowed group/a"]
    ),
    (.memberLeft(UserID(checked: "alice"), successor: nil), ["group/a 1"]),
  ]

  @Test(
    "a group's last event is pushed, then it is unfollowed, and dropped if it is no more",
    arguments: ends)
  func end(body: Event.Body, expected: [String]) throws {
    let streams = try SyncedStreams(live: ["group/a"])
    _ = try streams.commit("group/a", 1, body)
    #expect(try streams.happened() == expected)
  }

  @Test(
    "a group that is joined is opened as the mailbox tells of it, once what syncs has caught up")
  func joined() throws {
    let joined = { (name: String) in Event.Body.groupJoined(GroupID(checked: name), at: Seq(1)) }
    let streams = try SyncedStreams(live: [])
    #expect(try streams.commit("user/bob", 1, joined("a")) == .pushed(mayOpen: true))
    #expect(try streams.commit("user/bob", 2, joined("b")) == .pushed(mayOpen: true))
    // Once is enough.
    _ = try streams.commit("user/bob", 3, joined("b"))
    #expect(
      try streams.happened()
        == ["subscribe group/a", "open group/a"] + (1...3).map { "user/bob \($0)" })
    try streams.opened("group/a", head: 0)
    #expect(
      try streams.happened() == ["subscribe group/b", "open group/b", "following group/a"])
    try streams.opened("group/b", head: 0)
    #expect(try streams.happened() == ["following group/b"])
  }

  @Test("of joins in a page, those up to where the mailbox was opened are known already")
  func joinedInPage() throws {
    let streams = SyncedStreams()
    try streams.follow(head: 1)
    let old = Event.Body.groupJoined(GroupID(checked: "old"), at: Seq(1))
    let new = Event.Body.groupJoined(GroupID(checked: "new"), at: Seq(1))
    _ = try streams.commit("user/bob", 2, new)
    _ = streams.page("user/bob", .success([SyncedStreams.event("user/bob", 1, old)]))
    _ = streams.page("user/bob", .success([SyncedStreams.event("user/bob", 2, new)]))
    #expect(
      try streams.happened().filter { $0.hasPrefix("open") } == ["open user/bob", "open group/new"])
  }

  @Test("a group that is joined again before its end was reached is opened again behind it")
  func joinedAgain() throws {
    let streams = try SyncedStreams(live: ["group/a"], windowEvents: 1)
    _ = try streams.commit("group/a", 1)
    let left = Event.Body.memberLeft(UserID(checked: "bob"), successor: nil)
    _ = try streams.commit("group/a", 2, left)
    _ = try streams.commit("user/bob", 1, .groupJoined(GroupID(checked: "a"), at: Seq(3)))
    _ = try streams.happened()
    try streams.ack("group/a", 1)
    _ = streams.page("group/a", 2...2)
    #expect(
      try streams.happened() == [
        "read group/a 2-2", "unsubscribe group/a", "subscribe group/a",
        "open group/a from 1, read 0", "group/a 2", "unfollowed group/a",
      ])
  }

  @Test("of an interrupted stream its owner is asked once, and the log has what was missed")
  func interrupted() throws {
    let streams = try SyncedStreams(live: ["group/a"])
    let group = StreamKey(checked: "group/a")!
    _ = try streams.commit("group/a", 1)
    _ = try streams.happened()
    for _ in 1...2 { streams.syncing.interrupted(group, &streams.output) }
    streams.syncing.interrupted(StreamKey(checked: "group/b")!, &streams.output)
    #expect(try streams.happened() == ["ask group/a"])
    // What commits before the answer is part of it.
    #expect(try streams.commit("group/a", 4) == .held)
    streams.syncing.resumed(group, SyncedStreams.position(head: 4))
    streams.advance()
    _ = streams.page("group/a", 2...4)
    #expect(
      try streams.happened() == ["read group/a 2-4", "group/a 2", "group/a 3", "group/a 4"])
    #expect(try streams.commit("group/a", 5) == .fellBehind)
  }

  @Test("a stream that is being opened is not interrupted: the answer is still to come")
  func interruptedInOpening() throws {
    let streams = SyncedStreams()
    try streams.follow(groups: ["group/a"])
    _ = try streams.happened()
    streams.syncing.interrupted(StreamKey(checked: "group/a")!, &streams.output)
    #expect(try streams.happened().isEmpty)
  }

  @Test("groups that an interrupted mailbox's owner names besides are followed")
  func resumedMailbox() throws {
    let streams = try SyncedStreams(live: ["group/a"])
    let mailbox = StreamKey(checked: "user/bob")!
    streams.syncing.interrupted(mailbox, &streams.output)
    streams.syncing.resumed(mailbox, SyncedStreams.position(head: 0, groups: ["a", "b"]))
    streams.advance()
    #expect(try streams.happened() == ["ask user/bob", "subscribe group/b", "open group/b"])
  }

  @Test("a stream counts as followed from when it was live, behind or not, until the user leaves")
  func followed() throws {
    let streams = SyncedStreams(windowEvents: 1)
    let (mailbox, group) = (StreamKey(checked: "user/bob")!, StreamKey(checked: "group/a")!)
    #expect(!streams.syncing.follows(mailbox) && streams.syncing.mailboxHead == nil)
    streams.open(mailbox)
    #expect(streams.syncing.follows(mailbox) && !streams.syncing.hasOpened(mailbox))
    #expect(streams.syncing.mailboxHead == nil && streams.syncing.mailboxOpenedHead == nil)
    streams.syncing.want([GroupID(checked: "a")])
    try streams.opened("user/bob", head: 0)
    #expect(streams.syncing.hasOpened(mailbox) && streams.syncing.mailboxHead == Seq.none)
    _ = try streams.commit("user/bob", 1)
    #expect(streams.syncing.mailboxHead == Seq(1))
    #expect(streams.syncing.mailboxOpenedHead == Seq.none)
    try streams.opened("group/a", head: 2)
    #expect(streams.syncing.hasOpened(group) && !streams.syncing.isFollowed(group))
    try streams.ack("group/a", 9)
    _ = streams.page("group/a", 1...2)
    #expect(streams.syncing.isFollowed(group))
    let left = Event.Body.memberLeft(UserID(checked: "bob"), successor: nil)
    _ = try streams.commit("group/a", 3, left)
    #expect(!streams.syncing.isFollowed(group) && !streams.syncing.follows(group))
  }
}
