import DaybookModel
import Ports
import Testing

@testable import Gateway

@Suite("how far a device has acked groups, on its way to the log")
struct GroupCursorTests {
  private static let bob = Actor(user: UserID(checked: "bob"), device: DeviceID(checked: "phone"))
  private static let mailbox = StreamKey.user(UserID(checked: "bob"))

  enum Step {
    case ack(String, UInt64, sequence: UInt32)
    case flush
  }

  /// `scheduled`, or the cursors as the mailbox's owner gets them, and the request that is refused.
  private static func text(_ action: SessionAction) -> String {
    switch action {
    case .scheduleGroupCursors: return "scheduled"
    case .submit(let command, let purpose):
      guard case .ackGroups(let cursors, Seq(7)) = command.body, case .ack = purpose.kind,
        command.stream == mailbox, command.actor == bob, command.id == nil
      else { return "?" }
      let groups = cursors.map { "\($0.group) \($0.upTo)" }.joined(separator: ", ")
      return "\(groups) #\(purpose.sequence)"
    default: return "?"
    }
  }

  private static let rows: [(String, [Step], [String])] = [
    (
      "one command for all groups, with the highest ack of each",
      [
        .ack("b", 3, sequence: 2), .ack("a", 5, sequence: 3), .ack("b", 2, sequence: 4),
        .ack("a", 6, sequence: 5), .flush,
      ],
      ["scheduled", "a 6, b 3 #5"]
    ),
    ("nothing without an ack", [.flush], []),
    (
      "the interval begins anew with the next ack",
      [.ack("a", 1, sequence: 2), .flush, .flush, .ack("a", 2, sequence: 3), .flush],
      ["scheduled", "a 1 #2", "scheduled", "a 2 #3"]
    ),
  ]

  @Test("are handed on together", arguments: rows)
  func gathered(claim: String, steps: [Step], expected: [String]) {
    var cursors = GroupCursorGathering()
    var output = SessionOutput()
    for step in steps {
      switch step {
      case .ack(let group, let upTo, let sequence):
        cursors.gather(
          GroupID(checked: group), upTo: Seq(upTo), sequence: sequence, &output)
      case .flush: cursors.flush(in: Self.mailbox, by: Self.bob, Seq(7), &output)
      }
    }
    #expect(output.actions.map(Self.text) == expected, "\(claim)")
  }

  @Test("of very many groups some go in a command of their own")
  func many() {
    var cursors = GroupCursorGathering()
    var output = SessionOutput()
    for index in 0..<Limits.groupCursorsMax + 1 {
      cursors.gather(GroupID(checked: "g\(index)"), upTo: Seq(1), sequence: 1, &output)
    }
    cursors.flush(in: Self.mailbox, by: Self.bob, Seq(7), &output)
    let counts = output.actions.compactMap { action -> Int? in
      guard case .submit(let command, _) = action, case .ackGroups(let all, _) = command.body
      else { return nil }
      return all.count
    }
    #expect(counts == [Limits.groupCursorsMax, 1])
  }

  // MARK: in the streams of a session

  @Test("a group is opened with what the mailbox has of it, or this session knows to be more")
  func carried() throws {
    let streams = SyncedStreams()
    var reached = GroupsReached()
    reached.cursors.move(GroupID(checked: "a"), upTo: Seq(5))
    reached.reads.move(GroupID(checked: "a"), upTo: Seq(9))
    streams.syncing.knows(reached)
    try streams.follow(groups: ["group/a"])
    #expect(try streams.happened().contains("open group/a from 5, read 9"))
    try streams.opened("group/a", cursor: 5, head: 7)
    _ = streams.page("group/a", 6...7)
    try streams.ack("group/a", 7)
    _ = try streams.commit("group/a", 8, .memberLeft(UserID(checked: "bob")))
    _ = try streams.happened()
    streams.syncing.want([GroupID(checked: "a")])
    streams.openNext()
    #expect(try streams.happened().contains("open group/a from 7, read 9"))
  }

  @Test("a leave that is told to nobody ends the stream at the seq that its owner names")
  func unannounced() throws {
    let streams = try SyncedStreams(live: ["group/a"])
    _ = try streams.commit("group/a", 1)
    _ = try streams.happened()
    let group = StreamKey(checked: "group/a")!
    streams.syncing.left(group, &streams.output)
    #expect(try streams.happened() == ["ask group/a"])
    // What the group goes on to say is not the user's, nor who types there.
    _ = try streams.commit("group/a", 2)
    #expect(!streams.syncing.isFollowed(group))
    streams.syncing.resumed(group, SyncedStreams.position(head: 2, endsAt: 1))
    streams.advance()
    #expect(try streams.happened() == ["unsubscribe group/a", "unfollowed group/a"])
    // Its last events are acked as any others.
    try streams.ack("group/a", 1)
    #expect(streams.syncing.head(of: group) == Seq(2))
  }

  @Test("who has come back before the owner is asked goes on, with what was missed")
  func backAgain() throws {
    let streams = try SyncedStreams(live: ["group/a"])
    let group = StreamKey(checked: "group/a")!
    streams.syncing.left(group, &streams.output)
    _ = try streams.commit("group/a", 1)
    _ = try streams.commit("group/a", 2)
    _ = try streams.happened()
    // The stay before was empty.
    let visible = [
      SeqInterval(first: Seq(1), last: Seq(0)), SeqInterval(first: Seq(2), last: nil),
    ]
    let position = StreamPosition(
      cursor: .none, head: Seq(2), resumed: true, visible: visible)
    streams.syncing.resumed(group, position)
    streams.advance()
    #expect(try streams.happened() == ["read group/a 2-2", "not visible 1-1"])
    _ = streams.page("group/a", 2...2)
    #expect(try streams.happened() == ["group/a 2"])
    #expect(streams.syncing.isFollowed(group))
  }
}
