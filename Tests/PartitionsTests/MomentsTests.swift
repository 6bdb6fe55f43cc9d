import DaybookModel
import NIOCore
import Ports
import Testing

@testable import Partitions

@Suite("Partitions of different moments")
struct MomentsTests {
  private func states(taking offset: Offset) -> [LoadedState] {
    (0..<2).map { index in
      var state = PartitionState(partition: PartitionID(index))
      if index == 1 {
        state.sources[PartitionID(0)] = PartitionState.SourcePosition(offset: offset, index: 0)
      }
      return LoadedState(state: state, relayedThrough: .zero, next: .zero, replayed: 0)
    }
  }

  @Test("a partition that has taken what another does not hold is refused, naming that one")
  func refused() {
    let log = MemoryLog(partitions: 2)
    do throws(DaybookError) {
      try PartitionMoments.check(states(taking: Offset(7)), log: log)
      Issue.record("partitions of different moments were taken for one log")
    } catch {
      #expect(error.code == .logRolledBack)
      #expect(error.message.contains("--read-only-partitions 0"))
    }
  }
}
