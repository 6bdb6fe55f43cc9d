import DaybookModel
import Ports
import Testing

@testable import Partitions

@Suite("what a partition's state takes in memory")
struct StateBytesTests {
  private static func mailbox(groups: Int) -> MailboxState {
    var mailbox = MailboxState()
    mailbox.groups = (0..<groups).map { GroupID(checked: "group-\($0)") }
    return mailbox
  }

  /// Of a state that stays as it is, once all pages have had their turn.
  private static func estimate(_ state: PartitionState) -> StateBytes {
    var sampling = StateSampling()
    var bytes = StateBytes()
    let pages = max(state.mailboxes.pages, state.groups.pages)
    for _ in 0...pages { bytes = sampling.look(at: state) }
    return bytes
  }

  @Test("of twice as many mailboxes is twice as much, and each counts with what it has")
  func mailboxes() {
    func bytes(_ count: Int, groups: Int) -> Int {
      var state = PartitionState(partition: PartitionID(0))
      for index in 0..<count {
        state.mailboxes.insert(
          UserID(checked: "user-\(index)"), StateBytesTests.mailbox(groups: groups))
      }
      return StateBytesTests.estimate(state).mailboxes
    }
    let (some, twice, rich) = (
      bytes(10_000, groups: 2), bytes(20_000, groups: 2), bytes(10_000, groups: 102)
    )
    #expect(some > 10_000 * MemoryLayout<MailboxState>.stride)
    #expect(some < 10_000 * (MemoryLayout<MailboxState>.stride + 200) * 2)
    #expect((1.6...2.4).contains(Double(twice) / Double(some)))
    let added = Double(rich - some) / 10_000 / 100 / Double(MemoryLayout<GroupID>.stride)
    #expect((0.9...2.1).contains(added))
  }

  @Test("what few have is spread over all, and found where it is")
  func skewed() {
    var state = PartitionState(partition: PartitionID(0))
    for index in 0..<20_000 {
      // One in fifty has a hundred times as much.
      state.mailboxes.insert(
        UserID(checked: "user-\(index)"),
        StateBytesTests.mailbox(groups: index % 50 == 0 ? 1_000 : 1))
    }
    var exact = 0
    for page in 0..<state.mailboxes.pages {
      let own = state.mailboxes.visit(page) { exact += $0.heapBytes + $1.heapBytes }
      exact += own.bytes
    }
    let estimate = StateBytesTests.estimate(state).mailboxes
    #expect((0.7...1.4).contains(Double(estimate) / Double(exact)))
  }

  @Test("groups, members and what became of messages are told apart")
  func kinds() throws {
    var state = PartitionState(partition: PartitionID(0))
    #expect(StateBytesTests.estimate(state) == StateBytes())
    for index in 0..<1_000 {
      state.groups.insert(
        GroupID(checked: "group-\(index)"),
        GroupState(settings: GroupSettings(title: "a group of many words"), seed: 1))
    }
    let bytes = StateBytesTests.estimate(state)
    #expect(bytes.groups > 1_000 * MemoryLayout<GroupState>.stride)
    #expect((bytes.mailboxes, bytes.members, bytes.amended, bytes.origins) == (0, 0, 0, 0))
    // Of a look at a part of it nothing changes.
    let before = state
    _ = StateBytesTests.estimate(state)
    #expect(state == before)
  }
}
