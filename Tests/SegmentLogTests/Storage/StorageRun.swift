import DaybookModel
import Files
import NIOCore
import Ports

@testable import SegmentLog

/// A log on a simulated disk, through several lives of its owner. The seed decides all: what is
/// appended and read, which worker goes on, what fails, and when the power goes.
final class StorageRun {
  static let folder = "/log"

  var random: SplitMix
  let disk: SimDisk
  let options: SegmentLogOptions
  let partitionCount: Int
  var models: [PartitionModel]
  /// Events made so far: each is another one.
  var made: UInt64 = 0
  /// Of this life, each of a higher epoch than the one before.
  var owners: [StorageOwner] = []
  var clock: UInt64 = 1_000_000
  /// What happened in general, not to one partition.
  var violations: [String] = []
  /// How often what happened.
  var tally: [String: Int] = [:]

  init(seed: UInt64) throws {
    random = SplitMix(seed: seed)
    disk = SimDisk(seed: random.next())
    if StorageSeeds.isOne { disk.trace = { print($0) } }
    partitionCount = 1 + random.below(3)
    models = Array(repeating: PartitionModel(), count: partitionCount)
    options = SegmentLogOptions(
      segmentBytes: random.pick([4096, 8192, 16384]),
      firstSegmentBytes: random.pick([1024, 2048, 4096]), reserveBytes: 512,
      journalFileBytes: random.pick([1024, 2048, 8192]))
    // Where a search of bytes ends may depend on what they are: the seed decides those too.
    let ids = (0..<3).map { _ in
      LogID(bytes: (0..<LogID.byteCount).map { _ in UInt8(random.below(256)) })
    }
    try LogFolder(files: disk, path: StorageRun.folder).create(
      partitions: partitionCount, options: options,
      as: Manifest(partitions: partitionCount, log: ids[0], branch: ids[1], secret: ids[2]))
    // The folder around the log is its maker's to sync.
    disk.root.sync()
  }

  /// Every violation, with the partition where it is of one.
  var lines: [String] {
    violations
      + models.enumerated().flatMap { index, model in
        model.violations.map { "partition \(index): \($0)" }
      }
  }

  func run() {
    for _ in 0..<1 + random.below(4) {
      guard lines.isEmpty, let owner = recover() else { return }
      live(owner)
    }
    guard lines.isEmpty else { return }
    if random.oneIn(3) { rotJournal() }
    finish()
    if lines.isEmpty, random.oneIn(3) { rot() }
  }

  func count(_ what: String) { tally[what, default: 0] += 1 }

  func violate(_ line: String) { violations.append(line) }

  // MARK: A life

  private func live(_ owner: StorageOwner) {
    owners = [owner]
    defer { owners = [] }
    if random.oneIn(6) { takeOverSometime() } else { planFaults() }
    if random.oneIn(2) { disk.diesAt = disk.operations + 1 + random.below(300) }
    for _ in 0..<5 + random.below(60) where !disk.isDead && lines.isEmpty {
      act(random.pick(owners))
    }
    switch disk.isDead ? 1 : random.below(3) {
    case 0:
      close()
      if random.oneIn(2) { end() } else { disk.endProcess() }
    case 1: end()
    default:
      disk.endProcess()
      count("killed")
    }
  }

  private func close() {
    // Another may take over meanwhile.
    var closed = 0
    while closed < owners.count {
      owners[closed].log.close()
      closed += 1
    }
    count("closed")
    if !disk.isDead, disk.faults.isEmpty, !disk.handles.isEmpty {
      violate("open after the close: \(disk.handles.values.map(\.path).sorted())")
    }
  }

  /// The process is gone; mostly because the power is.
  private func end() {
    if random.oneIn(4) {
      disk.endProcess()
      if random.oneIn(2) { disk.root.evict() }
      count("killed")
    } else {
      disk.losePower()
      count("power lost")
    }
  }

  /// What goes wrong in this life.
  private func planFaults() {
    disk.isCopyOnWrite = random.oneIn(4)
    for _ in 0..<random.below(3) {
      let kind = random.pick(DiskFault.Kind.allCases)
      let first = disk.operations + random.below(200)
      let length = kind == .broken ? 1 : 1 + random.below(40)
      disk.faults.append(DiskFault(kind: kind, range: first..<first + length))
    }
  }

  func act(_ owner: StorageOwner) {
    let partition = PartitionID(random.below(partitionCount))
    switch random.below(12) {
    case 0...3: submit(owner, to: partition)
    case 4: submitToAll(owner)
    case 5...7: step(owner)
    case 8:
      // Files may be gone that one held who is the owner no more.
      if owner === owners.last { look(owner.log, at: partition, "the owner") }
    case 9: lookBeside(partition)
    case 10: if owner === owners.last { check(owner.log, postingsOf: partition) }
    default:
      // Clocks jump, also back.
      clock = random.next() % 2_000_000
      owner.threads.now = owner.threads.now.advanced(by: .milliseconds(random.below(5000) - 500))
    }
  }

  func step(_ owner: StorageOwner) {
    _ = random.pick(owner.threads.workers).step(waits: false)
  }

  func submit(_ owner: StorageOwner, to partition: PartitionID) {
    owner.log.append([makeAppend(owner, to: partition)], mayBlock: false)
  }

  /// One call for several, some of them twice.
  private func submitToAll(_ owner: StorageOwner) {
    let partitions = (0..<partitionCount + random.below(3)).map {
      PartitionID($0 % partitionCount)
    }
    owner.log.append(partitions.map { makeAppend(owner, to: $0) }, mayBlock: random.oneIn(2))
  }

  private func makeAppend(_ owner: StorageOwner, to partition: PartitionID) -> PartitionAppend {
    let events = (0..<1 + random.below(5)).map { _ in makeEvent(partition) }
    let generation = owner.generations[partition.index]
    let recordedAt = Timestamp(milliseconds: clock)
    models[partition.index].submit(events, byOwner: owner === owners.last)
    let batch = makeBatch(events, generation: generation, recordedAt: recordedAt)
    // All on the thread of this run.
    nonisolated(unsafe) let run = self
    nonisolated(unsafe) let by = owner
    return PartitionAppend(partition: partition, batch: batch) { result in
      run.answered(result, events, partition, by, generation)
    }
  }

  private func answered(
    _ result: Result<CommittedBatch, DaybookError>, _ events: [TestEvent],
    _ partition: PartitionID, _ owner: StorageOwner, _ generation: UInt64
  ) {
    switch result {
    case .success(let batch):
      models[partition.index].acked(events, from: batch.baseOffset)
      disk.trace?("acked \(batch.baseOffset)..<\(batch.nextOffset) of partition \(partition)")
      count("acked")
    case .failure(let error):
      disk.trace?("refused in partition \(partition): \(error.message)")
      count(error.code.name)
      switch error.code {
      case .storageFull, .overloaded, .serverStopping, .partitionReadOnly:
        models[partition.index].refused(events)
        owner.generations[partition.index] = max(
          owner.generations[partition.index], generation + 1)
      default: break
      }
    }
  }

  private func makeEvent(_ partition: PartitionID) -> TestEvent {
    made += 1
    let length = random.oneIn(15) ? random.below(6000) : random.below(80)
    return TestEvent(
      stream: 3, conversation: UInt64(5 + random.below(3)), seq: made, messageID: made * 10,
      text: "event \(made) " + String(repeating: "x", count: length))
  }
}
