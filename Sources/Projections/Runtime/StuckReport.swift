import DaybookModel

/// Lines for the operator about partitions that the projections don't follow: one when it begins
/// and one when it is over, however often it was tried meanwhile.
struct StuckReport {
  private var told: [PartitionID: ErrorCode] = [:]

  mutating func lines(_ stuck: [PartitionID: DaybookError]) -> [String] {
    var lines: [String] = []
    for partition in told.keys.sorted() where stuck[partition] == nil {
      lines.append("the projections follow partition \(partition) again")
    }
    for (partition, error) in stuck.sorted(by: { $0.key < $1.key })
    where told[partition] != error.code {
      lines.append(
        error.isWorthRetrying
          ? "the projections wait for partition \(partition), and try again: \(error)"
          : "the projections no longer follow partition \(partition): \(error)")
    }
    told = stuck.mapValues(\.code)
    return lines
  }
}
