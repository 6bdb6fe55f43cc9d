import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import SwiftProtobuf
import Testing

@testable import Partitions

@Suite("a snapshot that contradicts itself is none")
struct SnapshotDecodingTests {
  private static let partition = PartitionID(3)
  private static let ownMailbox = StreamKey.user(bob)
  private static let group = StreamKey.group(ubuntu)

  /// Of a mailbox and a group with something of everything.
  private static func snapshot() throws -> Daybook_V1_PartitionSnapshot {
    var desk = Desk()
    desk.done(.openCursor(), on: ownMailbox, by: bob, device: phone)
    for user in [alice, carol] {
      let said = desk.sent(to: ownMailbox, by: user)
      desk.done(.react(said, reaction: "+", isRemoved: false), on: ownMailbox, by: bob)
    }
    for user in [dave, erin] { desk.done(.block(user, true), on: ownMailbox, by: bob) }
    desk.done(.mark(.user(alice), MarksChange(isPinned: true)), on: ownMailbox, by: bob)
    let void = Command.Body.revokeTokens(device: nil, tokenID: "t", ofService: false)
    _ = desk.decide(void, on: ownMailbox, service: ServiceID(checked: "ops"))
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: bob)
    desk.done(.join, on: group, by: alice)
    desk.done(.openCursor(), on: group, by: bob, device: phone)
    desk.relay()
    desk.state.sources[PartitionID(9)] = PartitionState.SourcePosition(offset: Offset(4), index: 0)
    let bytes = try SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: .zero)
    return try Daybook_V1_PartitionSnapshot(serializedBytes: Array(bytes.readableBytesView))
  }

  private static func isTaken(
    _ snapshot: Daybook_V1_PartitionSnapshot, countsStates: Bool = true
  ) throws -> Bool {
    var snapshot = snapshot
    if countsStates { snapshot.countStates() }
    let bytes: [UInt8] = try snapshot.serializedBytes()
    let state = SnapshotCoding.decode(
      ByteBuffer(bytes: bytes), partition: partition, logID: "log")
    return state != nil
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout Daybook_V1_PartitionSnapshot) -> Void

    init(_ name: String, _ change: @escaping @Sendable (inout Daybook_V1_PartitionSnapshot) -> Void)
    {
      testDescription = name
      self.change = change
    }
  }

  static let rows = [
    Row("a mailbox twice") { $0.mailboxes[0].states.append($0.mailboxes[0].states[0]) },
    Row("a group twice") { $0.groups[0].states.append($0.groups[0].states[0]) },
    Row("an origin twice") {
      $0.origins[0].states[0].origins.append($0.origins[0].states[0].origins[0])
    },
    Row("whose origins are twice") { $0.origins[0].states.append($0.origins[0].states[0]) },
    Row("nobody's origins") { $0.origins[0].states[0].origins = [] },
    Row("a mailbox in another's page") { $0.mailboxes.append($0.mailboxes[0]) },
    Row("a source twice") { $0.sources.append($0.sources[0]) },
    Row("a peer twice") { $0.bob.peers.append($0.bob.peers[0]) },
    Row("a peer's message without its id") { $0.bob.peers[0].messageSeqs.append(9) },
    Row("a device twice") { $0.bob.devices.append($0.bob.devices[0]) },
    Row("a mailbox's group twice") { $0.bob.groups.append($0.bob.groups[0]) },
    Row("a mark twice") { $0.bob.marks.append($0.bob.marks[0]) },
    Row("an amended message twice") { $0.bob.amended.append($0.bob.amended[0]) },
    Row("a void token twice") { $0.bob.revocations.append($0.bob.revocations[0]) },
    Row("a void token before all were void") {
      $0.bob.revocations.append(.with { $0.issuedUntilMs = 9 })
    },
    Row("who is blocked twice") { $0.bob.blocked.append($0.bob.blocked[1]) },
    Row("who is blocked out of order") { $0.bob.blocked.swapAt(0, 1) },
    Row("a member twice") { $0.members.append($0.members[0]) },
    Row("half a stay") { $0.members[0].stays.append(7) },
    Row("a member without a stay") { $0.members[0].stays = [] },
    Row("more members than there ever were") { $0.groups[0].states[0].memberCount = 3 },
    Row("who waits twice") {
      $0.groups[0].states[0].waiting = [
        .with {
          $0.states = [UserID](repeating: carol, count: 2).map { user in
            .with {
              $0.user = user.text
              $0.invited = true
            }
          }
        }
      ]
    },
    Row("who waits for nothing") {
      $0.groups[0].states[0].waiting = [.with { $0.states = [.with { $0.user = "carol" }] }]
    },
    Row("a peer's messages out of order") {
      $0.bob.peers[0].messageSeqs = [2, 1]
      $0.bob.peers[0].messageIds = [2, 1]
    },
  ]

  @Test("as it was written, it is taken")
  func whole() throws {
    #expect(try Self.isTaken(Self.snapshot()))
    #expect(try Self.isTaken(Self.snapshot(), countsStates: false))
  }

  @Test("a page that miscounts its states is none")
  func miscounted() throws {
    for change in [-1, 1] {
      var snapshot = try Self.snapshot()
      snapshot.mailboxes[0].count = UInt32(Int(snapshot.mailboxes[0].count) + change)
      #expect(try !Self.isTaken(snapshot, countsStates: false))
    }
  }

  @Test("of what a seal covers, a page is read when it is needed, and says the same")
  func sealed() throws {
    let bytes: [UInt8] = try Self.snapshot().serializedBytes()
    let states = [false, true].map {
      SnapshotCoding.decode(
        ByteBuffer(bytes: bytes), partition: Self.partition, logID: "log", isSealed: $0)?.state
    }
    #expect(states[0] != nil && states[0] == states[1])
    var state = try #require(states[1])
    let isThere = state.find(Self.ownMailbox) != nil && state.find(Self.group) != nil
    #expect(isThere)
    let again = try SnapshotCoding.encode(state, logID: "log", relayedThrough: .zero)
    #expect(
      SnapshotCoding.decode(again, partition: Self.partition, logID: "log")?.state == states[0])
  }

  @Test("and with this it is not", arguments: rows)
  func contradicting(row: Row) throws {
    var snapshot = try Self.snapshot()
    row.change(&snapshot)
    #expect(try !Self.isTaken(snapshot))
  }
}

extension Daybook_V1_PartitionSnapshot {
  fileprivate var bob: Daybook_V1_MailboxSnapshot {
    get { mailboxes[0].states.first { $0.user == "bob" }! }
    set {
      let at = mailboxes[0].states.firstIndex { $0.user == "bob" }!
      mailboxes[0].states[at] = newValue
    }
  }

  fileprivate var members: [Daybook_V1_MemberSnapshot] {
    get { groups[0].states[0].members[0].states }
    set { groups[0].states[0].members[0].states = newValue }
  }

  fileprivate mutating func countStates() {
    for page in mailboxes.indices { mailboxes[page].count = UInt32(mailboxes[page].states.count) }
    for page in origins.indices { origins[page].count = UInt32(origins[page].states.count) }
    for page in groups.indices {
      groups[page].count = UInt32(groups[page].states.count)
      for at in groups[page].states.indices { groups[page].states[at].countStates() }
    }
  }
}

extension Daybook_V1_GroupSnapshot {
  fileprivate mutating func countStates() {
    for page in members.indices { members[page].count = UInt32(members[page].states.count) }
    for page in waiting.indices { waiting[page].count = UInt32(waiting[page].states.count) }
  }
}
