import DaybookModel
package import Logging

extension RecoveryFinding {
  /// One line for the operator.
  package func tell(_ logger: Logger) {
    var metadata: Logger.Metadata = [:]
    if let partition { metadata["partition"] = "\(partition)" }
    if let segment { metadata["segment"] = "\(segment)" }
    logger.log(level: level, "\(self)", metadata: metadata)
  }

  private var level: Logger.Level {
    switch self {
    // Something is missing, or the partition takes nothing until somebody has done something.
    case .corrupt, .leftTail: .error
    // Served as ever; yet somebody may have touched the files, or the disk is at its end.
    case .unsealedIndex, .unknownWatermark, .unknownEpoch, .damagedJournal, .notRaised: .warning
    // What a crash leaves, or what was asked for.
    case .cutTail, .madeDurable, .rebuiltIndex, .raised, .keptReadOnly, .unsettled: .notice
    }
  }

  private var partition: PartitionID? {
    switch self {
    case .cutTail(let fault, _), .leftTail(let fault, _), .corrupt(let fault): fault.partition
    case .madeDurable(let partition, _, _), .rebuiltIndex(let partition, _),
      .unsealedIndex(let partition, _), .unknownWatermark(let partition, _, _),
      .keptReadOnly(let partition, _), .unsettled(let partition, _, _):
      partition
    case .unknownEpoch, .damagedJournal, .raised, .notRaised: nil
    }
  }

  private var segment: String? {
    switch self {
    case .cutTail(let fault, _), .leftTail(let fault, _), .corrupt(let fault): fault.segment
    case .rebuiltIndex(_, let segment), .unsealedIndex(_, let segment): segment
    default: nil
    }
  }
}
