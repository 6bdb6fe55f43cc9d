import DaybookModel

@testable import SegmentLog

/// Two owners: the old one is stopped between two of its operations, a new one opens and writes, and
/// then the old one goes on.
extension StorageRun {
  func takeOverSometime() {
    var left = 1 + random.below(60)
    nonisolated(unsafe) let run = self
    disk.interruption = { _, _ in
      left -= 1
      if left == 0 { run.takeOver() }
    }
  }

  private func takeOver() {
    guard let owner = try? StorageOwner(disk, StorageRun.folder, options) else {
      if !disk.isDead { violate("the log can't be taken over") }
      return
    }
    for index in 0..<partitionCount {
      guard let contents = try? owner.log.contents(PartitionID(index)) else {
        if !disk.isDead { violate("who has taken over can't read partition \(index)") }
        return
      }
      models[index].takenOver(contents, by: "who has taken over")
    }
    owners.append(owner)
    for _ in 0..<random.below(30) where !disk.isDead { act(owner) }
    count("taken over")
  }
}
