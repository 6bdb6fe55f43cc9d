import DaybookModel
import Logging

/// Tells the operator of partitions that the projections don't follow: once when it begins and once
/// when it is over, however often it was tried meanwhile.
struct StuckReport {
  private var told: [PartitionID: ErrorCode] = [:]

  mutating func tell(_ logger: Logger, _ stuck: [PartitionID: DaybookError]) {
    for partition in told.keys.sorted() where stuck[partition] == nil {
      logger.notice(
        "the projections follow partition \(partition) again",
        metadata: ["partition": "\(partition)"])
    }
    for (partition, error) in stuck.sorted(by: { $0.key < $1.key })
    where told[partition] != error.code {
      let metadata: Logger.Metadata = [
        "partition": "\(partition)", "code": "\(error.code.name)",
      ]
      if error.isWorthRetrying {
        logger.warning(
          "the projections wait for partition \(partition), and try again: \(error)",
          metadata: metadata)
      } else {
        logger.error(
          "the projections no longer follow partition \(partition): \(error)",
          metadata: metadata)
      }
    }
    told = stuck.mapValues(\.code)
  }
}
