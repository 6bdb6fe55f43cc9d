import DaybookModel

/// What a topic has to be for a mirror, and what is to be done about one that is otherwise. Pure.
package struct TopicPlan: Sendable, Equatable {
  package enum Step: Sendable, Equatable {
    case make(partitions: Int, replicas: Int)
    /// `was` is nil where the topic is made with it.
    case set(String, to: String, was: String?)
    /// Nothing that a plan does changes it.
    case wrong(String)
    /// It can be so, and could be better.
    case advice(String)
  }

  package let topic: String
  package let steps: [Step]

  package var isFine: Bool { !steps.contains { if case .advice = $0 { false } else { true } } }
  package var isPossible: Bool { !steps.contains { if case .wrong = $0 { true } else { false } } }
  package var isToBeMade: Bool { steps.contains { if case .make = $0 { true } else { false } } }

  /// A topic as it is.
  package struct Found: Sendable, Equatable {
    package var partitions: Int
    package var replicas: Int
    package var configuration: [String: String]

    package init(partitions: Int, replicas: Int, configuration: [String: String]) {
      self.partitions = partitions
      self.replicas = replicas
      self.configuration = configuration
    }
  }

  package enum Purpose: Sendable, Equatable {
    /// Of the log's events, in so many partitions.
    case events(partitions: Int)
    case offsets
    /// Latest values by key, beside those of the log's partitions.
    case table(partitions: Int)

    fileprivate var partitions: Int {
      switch self {
      case .events(let partitions), .table(let partitions): partitions
      case .offsets: 1
      }
    }

    fileprivate var isCompacted: Bool { if case .events = self { false } else { true } }
  }

  /// What a record takes at most: an event as JSON, of whose bytes one may become six, and its
  /// headers.
  static let recordBytesMax = 6 * Limits.eventBytesMax + 4_096
  private static let replicasWanted = 3

  package init(
    _ topic: String, for purpose: Purpose, found: Found?, brokers: Int, replicas wanted: Int?
  ) {
    self.topic = topic
    guard let found else {
      let replicas = wanted ?? max(1, min(Self.replicasWanted, brokers))
      let entries = Self.wanted(purpose, replicas: replicas).map { name, value in
        Step.set(name, to: value, was: nil)
      }
      steps =
        [.make(partitions: purpose.partitions, replicas: replicas)] + entries
        + Self.advice(replicas: replicas)
      return
    }
    steps =
      Self.partitions(purpose, found) + Self.settings(purpose, found)
      + Self.advice(replicas: found.replicas)
  }

  private static func partitions(_ purpose: Purpose, _ found: Found) -> [Step] {
    let (has, wants) = (found.partitions, purpose.partitions)
    if has == wants { return [] }
    // Positions stand in the first; others are of no harm.
    if purpose == .offsets, has > wants { return [] }
    return [
      .wrong(
        "it has \(has) partitions and must have \(wants), as the log has: keys would lie in other "
          + "partitions; mirror into another topic")
    ]
  }

  private static func wanted(_ purpose: Purpose, replicas: Int) -> [(String, String)] {
    var entries = [
      ("cleanup.policy", purpose.isCompacted ? "compact" : "delete"),
      // An ack then says that a majority has it.
      ("min.insync.replicas", "\(max(1, replicas - 1))"),
    ]
    if !purpose.isCompacted {
      // The log is kept for ever unless told otherwise, and so is its mirror.
      entries += [
        ("retention.ms", "-1"), ("retention.bytes", "-1"),
        ("message.timestamp.type", "CreateTime"),
        ("max.message.bytes", "\(max(recordBytesMax, 1_048_588))"),
      ]
    }
    return entries
  }

  private static func settings(_ purpose: Purpose, _ found: Found) -> [Step] {
    wanted(purpose, replicas: found.replicas).compactMap { name, value in
      let has = found.configuration[name] ?? ""
      let isEnough =
        switch name {
        case "min.insync.replicas", "max.message.bytes":
          (Int(has) ?? 0) >= (Int(value) ?? 0)
        default: has == value
        }
      return isEnough ? nil : .set(name, to: value, was: has)
    }
  }

  private static func advice(replicas: Int) -> [Step] {
    guard replicas < 2 else { return [] }
    return [
      .advice(
        "it has \(replicas) replica: a broker that is lost takes what only it has; more are had with "
          + "--replicas where there are more brokers")
    ]
  }
}
