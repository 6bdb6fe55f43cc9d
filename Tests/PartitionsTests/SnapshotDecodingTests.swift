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
    desk.done(.createGroup(GroupSettings(title: "")), on: group, by: bob)
    desk.done(.join, on: group, by: alice)
    desk.done(.openCursor(), on: group, by: bob, device: phone)
    desk.relay()
    desk.state.sources[PartitionID(9)] = PartitionState.SourcePosition(offset: Offset(4), index: 0)
    let bytes = SnapshotCoding.encode(desk.state, logID: "log", relayedThrough: .zero)
    return try Daybook_V1_PartitionSnapshot(serializedBytes: Array(bytes.readableBytesView))
  }

  private static func isTaken(_ snapshot: Daybook_V1_PartitionSnapshot) throws -> Bool {
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
    Row("a mailbox twice") { $0.mailboxes.append($0.mailboxes[0]) },
    Row("a group twice") { $0.groups.append($0.groups[0]) },
    Row("an origin twice") { $0.origins.append($0.origins[0]) },
    Row("a source twice") { $0.sources.append($0.sources[0]) },
    Row("a peer twice") { $0.mailboxes[0].peers.append($0.mailboxes[0].peers[0]) },
    Row("a peer's message without its id") { $0.mailboxes[0].peers[0].messageSeqs.append(9) },
    Row("a device twice") { $0.mailboxes[0].devices.append($0.mailboxes[0].devices[0]) },
    Row("a mailbox's group twice") { $0.mailboxes[0].groups.append($0.mailboxes[0].groups[0]) },
    Row("a mark twice") { $0.mailboxes[0].marks.append($0.mailboxes[0].marks[0]) },
    Row("an amended message twice") {
      $0.mailboxes[0].amended.append($0.mailboxes[0].amended[0])
    },
    Row("who is blocked twice") { $0.mailboxes[0].blocked.append($0.mailboxes[0].blocked[1]) },
    Row("who is blocked out of order") { $0.mailboxes[0].blocked.swapAt(0, 1) },
    Row("a member twice") { $0.groups[0].members.append($0.groups[0].members[0]) },
    Row("half a stay") { $0.groups[0].members[0].stays.append(7) },
  ]

  @Test("as it was written, it is taken")
  func whole() throws { #expect(try Self.isTaken(Self.snapshot())) }

  @Test("and with this it is not", arguments: rows)
  func contradicting(row: Row) throws {
    var snapshot = try Self.snapshot()
    row.change(&snapshot)
    #expect(try !Self.isTaken(snapshot))
  }
}
