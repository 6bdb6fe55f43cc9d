import DaybookModel
import Ports

/// What a state asks the log, and what that says.
enum LogLookup {
  enum Question: Sendable, Hashable {
    /// Whether a number of an origin was used.
    case origin(OriginLookup.Question)
    /// What became of a message.
    case amended(AmendedLookup.Question)
  }

  enum Answer: Sendable {
    case origin(OriginLookup.Answer)
    case amended(AmendedLookup.Answer)
  }

  /// Blocking.
  static func answer(
    _ question: Question, in log: any LogSearch, of partition: PartitionID, numbers: Int
  ) throws(DaybookError) -> Answer {
    switch question {
    case .origin(let question):
      .origin(
        try OriginLookup(log: log, partition: partition, numbers: numbers).answer(question))
    case .amended(let question):
      .amended(try AmendedLookup(log: log, partition: partition).answer(question))
    }
  }
}
