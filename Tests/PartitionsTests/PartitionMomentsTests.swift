import DaybookModel
import Doubles
import Testing

@testable import Partitions

@Suite("Partitions belong together")
struct PartitionMomentsTests {
  private func state(_ partition: Int, taken: [Int: Int64]) -> LoadedState {
    var state = PartitionState(partition: PartitionID(partition))
    for (source, offset) in taken {
      state.sources[PartitionID(source)] = PartitionState.SourcePosition(
        offset: Offset(offset), index: 0)
    }
    return LoadedState(state: state, relayedThrough: .zero, next: .zero, replayed: 0)
  }

  @Test("a partition that has taken what its source no longer has is told, with what to do")
  func behind() {
    // Nothing was ever logged in these.
    let log = MemoryLog(partitions: 3, readBatchesMax: 3)
    do throws(DaybookError) {
      try PartitionMoments.check([state(0, taken: [1: 0]), state(2, taken: [1: 7])], log: log)
      Issue.record("it was not noticed")
    } catch {
      #expect(error.code == .logRolledBack)
      #expect(error.message.contains("partition 1 ends at offset 0"))
      #expect(error.message.contains("offset 7"))
      #expect(error.message.contains("--read-only-partitions 1"))
    }
  }

  @Test("each source is told once, by the last that was taken; none that is not to be judged")
  func told() {
    var moments = PartitionMoments()
    for (offset, taker) in [(3, 0), (9, 2), (5, 0)] {
      moments.add(Offset(Int64(offset)), of: PartitionID(1), takenBy: PartitionID(taker))
      moments.add(Offset(Int64(offset)), of: PartitionID(3), takenBy: PartitionID(taker))
    }
    let behind = moments.behind { $0 == PartitionID(1) ? Offset(9) : nil }
    #expect(
      behind == [
        PartitionMoments.Behind(
          partition: PartitionID(1), end: Offset(9), taker: PartitionID(2), offset: Offset(9))
      ])
    #expect(moments.behind { _ in Offset(10) }.isEmpty)
  }

  @Test("what was taken lies before its source's end, as it should")
  func together() throws {
    try PartitionMoments.check(
      [state(0, taken: [:])], log: MemoryLog(partitions: 1, readBatchesMax: 3))
  }
}
