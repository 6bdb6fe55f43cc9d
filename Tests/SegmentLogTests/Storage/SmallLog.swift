import DaybookModel
import Ports

@testable import SegmentLog

/// A closed log of two partitions, each with two full segments and a begun one, to be damaged a
/// hundred ways: each time a copy of it.
struct SmallLog {
  static let folder = "/log"
  static let options = SegmentLogOptions(
    segmentBytes: 1024, firstSegmentBytes: 1024, reserveBytes: 512)

  /// Even undamaged it does not read as it was written.
  struct NotWhole: Error { let partition: Int }

  let disk: SimDisk
  /// Of each partition, by offset.
  let events: [[TestEvent]]

  init() throws {
    disk = SimDisk(seed: 1)
    try LogFolder(files: disk, path: SmallLog.folder).create(
      partitions: 2, options: SmallLog.options)
    disk.root.sync()
    var events: [[TestEvent]] = [[], []]
    let owner = try StorageOwner(disk, SmallLog.folder, SmallLog.options)
    for batch in UInt64(0)..<8 {
      for partition in 0..<2 {
        let own = (0..<3).map { at -> TestEvent in
          let number = batch * 3 + UInt64(at) + 1
          return TestEvent(
            stream: 3, conversation: 7, seq: number, messageID: number * 10 + UInt64(partition),
            text: "event \(number) of partition \(partition)")
        }
        owner.log.append(makeBatch(own), to: PartitionID(partition)) { _ in }
        events[partition] += own
        for worker in owner.threads.workers { _ = worker.step(waits: false) }
      }
    }
    owner.log.close()
    for partition in 0..<2 {
      let reader = try SegmentLogReader(
        LogFolder(files: disk, path: SmallLog.folder), TestScanner())
      let contents = try reader.contents(PartitionID(partition))
      guard contents == events[partition] else { throw NotWhole(partition: partition) }
    }
    self.events = events
  }

  /// Every file of the log, and of which partition it is.
  var files: [(path: String, partition: Int?)] {
    func below(_ folder: SimFolder, _ path: String, _ partition: Int?) -> [(String, Int?)] {
      folder.sorted.flatMap { name, entry -> [(String, Int?)] in
        switch entry {
        case .file: [("\(path)/\(name)", partition)]
        case .folder(let inner): below(inner, "\(path)/\(name)", Int(name) ?? partition)
        }
      }
    }
    guard let folder = try? disk.folder(SmallLog.folder) else { return [] }
    return below(folder, SmallLog.folder, nil).map { (path: $0.0, partition: $0.1) }
  }

  /// What is wrong with what a damaged copy says of itself; empty where it kept its word: nothing of
  /// what was acked is missing without a refusal or a finding that names it, and partitions that the
  /// damage is not in serve. `isDerived` damage costs nothing.
  func judge(
    _ damaged: SimDisk, partition: Int? = nil, isDerived: Bool = false, mayRefuse: Bool
  ) -> [String] {
    let owner: StorageOwner
    do throws(DaybookError) {
      owner = try StorageOwner(damaged, SmallLog.folder, SmallLog.options)
    } catch {
      return mayRefuse ? [] : ["it does not open: \(error)"]
    }
    defer { owner.log.close() }
    var found: [String] = []
    for index in events.indices {
      let isHurt = partition.map { $0 == index } ?? true
      found += judge(owner, index, mayLack: isHurt && !isDerived)
    }
    return found
  }

  private func judge(_ owner: StorageOwner, _ index: Int, mayLack: Bool) -> [String] {
    let partition = PartitionID(index)
    let isNamed = owner.damaged.contains { $0.partition == partition }
    do throws(DaybookError) {
      let contents = try owner.log.contents(partition)
      if contents != Array(events[index].prefix(contents.count)) {
        return ["partition \(index) has other events"]
      }
      if contents.count < events[index].count, !(mayLack && isNamed) {
        return ["partition \(index) lacks events, named: \(isNamed)"]
      }
    } catch {
      return mayLack && error.code == .logCorrupt ? [] : ["partition \(index): \(error)"]
    }
    return isNamed || accepts(owner, partition) ? [] : ["partition \(index) takes nothing"]
  }

  private func accepts(_ owner: StorageOwner, _ partition: PartitionID) -> Bool {
    nonisolated(unsafe) var isAcked = false
    owner.log.append(makeBatch(messages(900...901)), to: partition) {
      if case .success = $0 { isAcked = true }
    }
    for worker in owner.threads.workers { _ = worker.step(waits: false) }
    return isAcked
  }
}
