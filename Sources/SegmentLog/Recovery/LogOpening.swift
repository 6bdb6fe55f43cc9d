import DaybookModel
import Files
import Ports

/// An owner's way into a log: look at everything, prove it, write the epoch, settle.
struct LogOpening {
  struct Opened {
    var manifest: Manifest
    var epoch: Epoch
    var epochGuard: EpochGuard
    var partitions: [PartitionSettling.Outcome]
    var findings: [RecoveryFinding]
  }

  private let folder: LogFolder
  private let options: SegmentLogOptions
  private let scanner: any EventScanner
  private let outside: OpeningContext

  init(
    _ folder: LogFolder, _ options: SegmentLogOptions, _ scanner: any EventScanner,
    _ outside: OpeningContext
  ) {
    self.folder = folder
    self.options = options
    self.scanner = scanner
    self.outside = outside
  }

  func run() throws(DaybookError) -> Opened {
    var survey = try LogSurvey(folder, scanner, statements: outside.statements)
    try survey.prove()
    let manifest = survey.manifest
    let (next, isSpent) = survey.lastEpoch.rawValue.addingReportingOverflow(1)
    if isSpent {
      throw DaybookError(
        .logCorrupt, "a file of the log states the last epoch there is: restore it from a copy")
    }
    assert(Epoch(next) > survey.lastEpoch, "an epoch is later than all that were")
    let record = EpochRecord(epoch: Epoch(next), branch: manifest.branch)
    try outside.willChange()
    let epochGuard: EpochGuard
    do throws(FileError) {
      epochGuard = try EpochGuard(folder, manifest, record)
    } catch {
      throw error.asDaybookError
    }
    do throws(DaybookError) {
      return try settle(&survey, record.epoch, epochGuard)
    } catch {
      epochGuard.close()
      throw error
    }
  }

  private func settle(
    _ survey: inout LogSurvey, _ epoch: Epoch, _ epochGuard: EpochGuard
  ) throws(DaybookError) -> Opened {
    // Up to this moment an earlier owner may have acked; from here on none can.
    try survey.refresh()
    let manifest = survey.manifest
    let raised = raising(survey)
    let outcomes = try settle(survey, epochGuard, epoch, raised ?? manifest)
    assert(outcomes.count == manifest.partitions, "every partition is settled")
    var findings = survey.findings + outcomes.flatMap(\.findings)
    if manifest.version == Manifest.legacyVersion {
      findings.append(
        raised == nil
          ? .notRaised(from: manifest.version)
          : .raised(from: manifest.version, to: Manifest.formatVersion))
    }
    return Opened(
      manifest: raised ?? manifest, epoch: epoch, epochGuard: epochGuard, partitions: outcomes,
      findings: findings)
  }

  /// Nil for a log that is of the present format, or that is damaged: what is missing of it is of
  /// the earlier one.
  private func raising(_ survey: LogSurvey) -> Manifest? {
    guard survey.manifest.version == Manifest.legacyVersion,
      survey.partitions.allSatisfy({ $0.fault == nil })
    else { return nil }
    return survey.manifest.raised(at: survey.partitions.map(\.end))
  }

  private func settle(
    _ survey: LogSurvey, _ epochGuard: EpochGuard, _ epoch: Epoch, _ manifest: Manifest
  ) throws(DaybookError) -> [PartitionSettling.Outcome] {
    var outcomes: [PartitionSettling.Outcome] = []
    do throws(DaybookError) {
      for partition in survey.partitions {
        var settling = PartitionSettling(
          partition, epoch: epoch, branch: manifest.branch,
          seeds: manifest.seeds(of: partition.partition), options: options,
          epochGuard: epochGuard, recent: RecentBatches(partitions: manifest.partitions))
        outcomes.append(try settling.run())
      }
      do throws(FileError) { try epochGuard.check() } catch { throw error.asDaybookError }
      if manifest != survey.manifest { try raise(manifest, &outcomes) }
      removeJournal(survey.journal, outcomes)
    } catch {
      for outcome in outcomes { outcome.start?.close() }
      throw error
    }
    return outcomes
  }

  /// All that was settled is stated under the old seed until the manifest is there, and read under
  /// either from then on: a crash at any point leaves a log of one format or the other.
  private func raise(
    _ manifest: Manifest, _ outcomes: inout [PartitionSettling.Outcome]
  ) throws(DaybookError) {
    assert(
      manifest.raisedAt.count == outcomes.count,
      "a raised log knows of each partition from where on it is of this format")
    do throws(FileError) {
      try folder.write(manifest)
    } catch {
      throw error.asDaybookError
    }
    for index in outcomes.indices { outcomes[index].start?.watermark.seed = manifest.seed }
  }

  /// The segments hold all that earlier owners' journals have, and that is stated durably; but for
  /// partitions that are read-only, whose files stay as they are, the journal's included.
  private func removeJournal(
    _ journal: JournalContents, _ outcomes: [PartitionSettling.Outcome]
  ) {
    let readOnly = Set(outcomes.filter { $0.start == nil }.map(\.segments.partition))
    let faulty = Set(journal.faults.map(\.path))
    guard journal.unknown == nil else { return }
    for file in journal.files {
      let isNeeded =
        !file.partitions.isDisjoint(with: readOnly)
        || (faulty.contains(file.path) && !readOnly.isEmpty)
      // One that stays for now is found again at the next opening, and holds nothing more.
      if !isNeeded { try? folder.files.remove(file.path) }
    }
    for name in (try? folder.files.list(folder.journal)) ?? []
    where name.hasSuffix(TemporaryName.suffix) {
      try? folder.files.remove("\(folder.journal)/\(name)")
    }
    if !journal.files.isEmpty { try? folder.files.sync(folder: folder.journal) }
  }
}
