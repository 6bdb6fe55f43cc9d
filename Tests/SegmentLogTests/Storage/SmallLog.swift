import DaybookModel
import Files
import Ports

@testable import SegmentLog

/// A closed log of two partitions, each with two full segments and a begun one, to be damaged a
/// hundred ways: each time a copy of it.
struct SmallLog {
  static let folder = "/log"
  static let options = Size.small.options

  /// Even undamaged it does not read as it was written.
  struct NotWhole: Error { let partition: Int }

  struct Size {
    var batches: UInt64
    var eventsPerBatch: UInt64
    var options: SegmentLogOptions
    /// So little that all of its bits can be tried: one full segment of two batches, and a begun one.
    var isTiny = false

    static let small = Size(
      batches: 8, eventsPerBatch: 3,
      options: SegmentLogOptions(segmentBytes: 1024, firstSegmentBytes: 1024, reserveBytes: 512))
    static let tiny = Size(
      batches: 3, eventsPerBatch: 1,
      options: SegmentLogOptions(segmentBytes: 240, firstSegmentBytes: 240, reserveBytes: 16),
      isTiny: true)
  }

  private let size: Size
  let disk: SimDisk
  /// Of each partition, by offset.
  let events: [[TestEvent]]

  init(_ size: Size = .small) throws {
    self.size = size
    disk = SimDisk(seed: 1)
    try LogFolder(files: disk, path: SmallLog.folder).create(
      partitions: 2, options: size.options)
    disk.root.sync()
    var events: [[TestEvent]] = [[], []]
    let owner = try StorageOwner(disk, SmallLog.folder, size.options)
    for batch in 0..<size.batches {
      for partition in 0..<2 {
        let own = (1...size.eventsPerBatch).map { at -> TestEvent in
          let number = batch * size.eventsPerBatch + at
          return TestEvent(
            stream: 3, conversation: 7, seq: number, messageID: number * 10 + UInt64(partition),
            text: size.isTiny ? "" : "event \(number) of partition \(partition)")
        }
        owner.log.append(makeBatch(own), to: PartitionID(partition)) { _ in }
        events[partition] += own
        owner.commit()
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
  /// damage is not in serve; a second opening finds what the first did. `isDerived` damage costs
  /// nothing.
  func judge(
    _ damaged: SimDisk, partition: Int? = nil, isDerived: Bool = false, mayRefuse: Bool
  ) -> [String] {
    let (found, first) = life(damaged, partition, isDerived: isDerived, mayRefuse: mayRefuse)
    guard found.isEmpty, let first else { return found }
    let (again, second) = life(
      damaged, partition, isDerived: isDerived, mayRefuse: false, after: first)
    return again.isEmpty && first != second
      ? ["opened once \(first) are damaged, twice \(second ?? [])"] : again
  }

  /// Opens, looks, appends, closes. Partitions that were damaged; nil where it did not open. The
  /// second, which comes after one that found `first` damaged, appends nothing.
  private func life(
    _ damaged: SimDisk, _ partition: Int?, isDerived: Bool, mayRefuse: Bool,
    after first: [Int]? = nil
  ) -> (found: [String], damaged: [Int]?) {
    let owner: StorageOwner
    do throws(DaybookError) {
      owner = try StorageOwner(damaged, SmallLog.folder, size.options)
    } catch {
      return (mayRefuse ? [] : ["it does not open: \(error)"], nil)
    }
    defer { owner.log.close() }
    var found: [String] = []
    for index in events.indices {
      let isHurt = partition.map { $0 == index } ?? true
      let isAppended = first.map { !$0.contains(index) } ?? false
      found += judge(
        owner, index, events[index] + (isAppended ? SmallLog.appended : []),
        mayLack: isHurt && !isDerived)
      if first == nil, found.isEmpty, !owner.names(index), !accepts(owner, PartitionID(index)) {
        found.append("partition \(index) takes nothing")
      }
    }
    return (found, owner.damaged.map(\.partition.index))
  }

  private func judge(
    _ owner: StorageOwner, _ index: Int, _ events: [TestEvent], mayLack: Bool
  ) -> [String] {
    let partition = PartitionID(index)
    let isNamed = owner.names(index)
    do throws(DaybookError) {
      let contents = try owner.log.contents(partition)
      if contents != Array(events.prefix(contents.count)) {
        return ["partition \(index) has other events"]
      }
      if contents.count < events.count, !(mayLack && isNamed) {
        return ["partition \(index) lacks events, named: \(isNamed)"]
      }
    } catch {
      return mayLack && error.code == .logCorrupt ? [] : ["partition \(index): \(error)"]
    }
    return []
  }

  /// What a life appends to each partition that takes it.
  private static let appended = messages(900...901)

  private func accepts(_ owner: StorageOwner, _ partition: PartitionID) -> Bool {
    nonisolated(unsafe) var isAcked = false
    owner.log.append(makeBatch(SmallLog.appended), to: partition) {
      if case .success = $0 { isAcked = true }
    }
    owner.commit()
    return isAcked
  }
}

extension StorageOwner {
  /// Opening found the partition damaged.
  fileprivate func names(_ partition: Int) -> Bool {
    damaged.contains { $0.partition.index == partition }
  }
}
