import DaybookModel
import DaybookSchema
import Ports

/// What the log knows of origins that are not in memory. Blocking.
struct OriginLookup {
  /// What is to be found out.
  struct Question: Sendable, Hashable {
    let issued: IssuedNumber
    /// The origin's window is in memory: only the number is asked for.
    let isBelowWindow: Bool
  }

  struct Answer: Sendable {
    struct Window: Sendable {
      let entries: [OriginWindow.Entry]
      let knownFrom: UInt64
    }

    let issued: IssuedNumber
    /// Nil where it is in memory already.
    var window: Window?
    /// What a number below the window came to, if it was used; nil where it isn't below.
    var number: OriginWindow.Entry??
  }

  let log: any LogSearch
  let partition: PartitionID
  let numbers: Int

  func answer(_ question: Question) throws(DaybookError) -> Answer {
    let (origin, number) = (question.issued.origin, question.issued.number)
    var answer = Answer(issued: question.issued)
    var isBelow = question.isBelowWindow
    if !isBelow {
      let entries = try entries(of: origin, from: 0, through: .max, count: numbers)
      // Below what was found there may be more, unless that is less than was asked for.
      let window = Answer.Window(
        entries: entries, knownFrom: entries.count < numbers ? 0 : entries[0].number)
      answer.window = window
      // As the window in memory will have it, which goes no further below the highest than this.
      let highest = entries.last?.number ?? 0
      isBelow =
        number < window.knownFrom
        || (highest >= UInt64(numbers) && number <= highest - UInt64(numbers))
    }
    if isBelow {
      answer.number = .some(
        try entries(of: origin, from: number, through: number, count: 1).last)
    }
    return answer
  }

  /// The `count` with the highest numbers, ascending. Keys are fingerprints, which strangers may have
  /// made on purpose: they are passed over, however many there are.
  private func entries(
    of origin: IssuedOrigin, from first: UInt64, through last: UInt64, count: Int
  ) throws(DaybookError) -> [OriginWindow.Entry] {
    var found: [OriginWindow.Entry] = []
    var last = last
    var limit = max(count, 8)
    while found.count < count {
      let postings = try log.postings(
        partition, origin: origin.fingerprint, from: first, through: last, limit: limit)
      let stored = try log.events(partition, at: postings.map(\.offset).sorted())
      var own: [OriginWindow.Entry] = []
      for event in stored {
        let event = try EventDecoding.decode(event.bytes, content: .skipped)
        guard let command = event.command,
          IssuedOrigin(command, by: event.actor, to: event.stream) == origin
        else { continue }
        own.append(OriginWindow.Entry(event, command, pending: event.kind == .joinRequested))
      }
      own.sort { $0.number < $1.number }
      found = own + found
      guard postings.count == limit, found.count < count, let lowest = postings.first?.value
      else { break }
      // The rest of the lowest number's may be behind it.
      if lowest == last { limit *= 2 } else { last = lowest }
      found.removeAll { $0.number <= last }
    }
    return found.suffix(count).map { $0 }
  }
}
