import DaybookModel
import Files
package import Ports

/// A log as whoever looks at it from outside has to know it, to read what is sealed with its seal.
package struct LogDescription: Sendable {
  package let logID: String
  package let partitionCount: Int
  package let seal: LogSeal
}

/// A log's folder, looked at without changing anything.
struct LogSurvey {
  let folder: LogFolder
  let manifest: Manifest
  private(set) var epoch: LogFolder.EpochStatement
  private(set) var journal = JournalContents.none
  private(set) var partitions: [PartitionSurvey] = []
  private let scanner: any EventScanner
  private let statements: [DurableStatement]

  /// Throws `data_folder_missing`, `permission_denied`, `format_version`, `log_corrupt` (the
  /// manifest), `overloaded`.
  init(
    _ folder: LogFolder, _ scanner: any EventScanner,
    statements: (LogDescription) -> [DurableStatement]
  ) throws(DaybookError) {
    self.folder = folder
    self.scanner = scanner
    manifest = try folder.manifest()
    self.statements = statements(
      LogDescription(
        logID: manifest.log.hex, partitionCount: manifest.partitions, seal: manifest.seed.seal))
    do throws(FileError) {
      epoch = try folder.epoch(manifest)
      journal = try JournalContents(folder.files, folder: folder.journal, manifest)
    } catch {
      throw error.asDaybookError
    }
    for index in 0..<manifest.partitions { partitions.append(try survey(PartitionID(index))) }
    assert(
      partitions.enumerated().allSatisfy { $0.element.partition.index == $0.offset },
      "a partition's survey is at its index")
  }

  private func survey(_ partition: PartitionID) throws(DaybookError) -> PartitionSurvey {
    var survey = PartitionSurvey(
      disk: folder.files, journal: journal, folder: folder.partition(partition.index),
      partition: partition, seeds: manifest.seeds(of: partition), scanner: scanner)
    var epochMax: Epoch?
    if case .record(let record) = epoch { epochMax = record.epoch }
    try survey.run(statements: statements, epochMax: epochMax)
    return survey
  }

  /// Looks again at partitions to which somebody has written meanwhile.
  mutating func refresh() throws(DaybookError) {
    let before = journal
    do throws(FileError) {
      journal = try JournalContents(folder.files, folder: folder.journal, manifest)
    } catch {
      throw error.asDaybookError
    }
    let isOther = journal.differs(from: before)
    for index in partitions.indices where isOther || !partitions[index].isCurrent() {
      partitions[index] = try survey(PartitionID(index))
    }
  }

  /// A partition that seems damaged may only have been written to while it was looked at.
  mutating func lookAgainAtFaults() throws(DaybookError) {
    for index in partitions.indices where partitions[index].fault != nil {
      partitions[index] = try survey(PartitionID(index))
    }
  }

  /// Throws `log_corrupt` where the manifest and the rest don't belong together, or the first
  /// failure where no partition can be read.
  func prove() throws(DaybookError) {
    if Mutant.leavesOut(.identityProof) { return }
    let folders: [Int]
    do throws(FileError) {
      folders = try folder.partitions()
    } catch {
      throw error.asDaybookError
    }
    try LogIdentity(manifest: manifest, epoch: epoch, surveys: partitions, folders: folders)
      .prove()
  }

  /// The highest epoch that anything states. What was written under one outlives the epoch file.
  var lastEpoch: Epoch {
    var last = partitions.map(\.lastEpoch).max() ?? Epoch(0)
    if case .record(let record) = epoch { last = max(last, record.epoch) }
    assert(partitions.allSatisfy { $0.lastEpoch <= last }, "no partition knows a later one")
    return last
  }

  var findings: [RecoveryFinding] {
    switch epoch {
    case .record: journalFindings
    case .missing: [.unknownEpoch(reason: "it is missing", lastEpoch)] + journalFindings
    case .unknown(let reason): [.unknownEpoch(reason: reason, lastEpoch)] + journalFindings
    }
  }

  var journalFindings: [RecoveryFinding] {
    journal.faults.map { .damagedJournal(path: $0.path, reason: $0.reason) }
  }
}
