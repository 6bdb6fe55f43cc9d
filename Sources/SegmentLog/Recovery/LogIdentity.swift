import DaybookModel

/// Proves the manifest against everything else that is in the folder, before anything is changed:
/// with a wrong log id, secret or partition count every checksum would be wrong, and a whole log
/// would look like one that was never written.
struct LogIdentity {
  let manifest: Manifest
  let epoch: LogFolder.EpochStatement
  let surveys: [PartitionSurvey]
  /// Partitions of which there are folders.
  let folders: [Int]

  /// Throws `log_corrupt`, saying what disagrees.
  func prove() throws(DaybookError) {
    assert(surveys.count == manifest.partitions, "every partition is looked at, and no other")
    if let stray = folders.first(where: { $0 >= manifest.partitions }) {
      throw refusal(
        "it says that there are \(manifest.partitions) partitions, yet there is a folder of "
          + "partition \(stray)")
    }
    // A manifest without a checksum: a count that is too high can't be told from a lost folder.
    if manifest.version == Manifest.legacyVersion,
      let missing = (0..<manifest.partitions).first(where: { !folders.contains($0) })
    {
      throw refusal(
        "it says that there are \(manifest.partitions) partitions, yet there is no folder of "
          + "partition \(missing)")
    }
    try proveSeed()
    try proveBranch()
  }

  private func proveSeed() throws(DaybookError) {
    var agree = surveys.reduce(0) { $0 + $1.witnesses.agree }
    var disagree = surveys.reduce(0) { $0 + $1.witnesses.disagree }
    switch epoch {
    case .record: agree += 1
    case .unknown: disagree += 1
    case .missing: break
    }
    if agree == 0, disagree > 0 {
      throw refusal("no other file of the log agrees with it")
    }
  }

  private func proveBranch() throws(DaybookError) {
    guard manifest.version > Manifest.legacyVersion else { return }
    let stated: [Bool]
    if case .record(let record) = epoch, let branch = record.branch {
      // Written at each opening, and by a restore.
      stated = [branch == manifest.branch]
    } else {
      stated = surveys.compactMap { $0.watermark.slot?.branch }.map {
        $0 == manifest.branch.prefix
      }
    }
    if stated.contains(false), !stated.contains(true) {
      throw refusal("the other files are of another branch of the log, of a copy that was restored")
    }
  }

  private func refusal(_ what: String) -> DaybookError {
    DaybookError(
      .logCorrupt,
      "the log's manifest.json is not of this log: \(what). Nothing was changed: put the right "
        + "manifest.json back, or restore all of log/ from one copy")
  }
}
