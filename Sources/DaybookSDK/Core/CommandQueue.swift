import DaybookModel
import NIOCore

/// Commands from being issued to being answered, in the order of issue.
///
/// What the server has not answered stays here and is sent again after a reconnect, in order and
/// under the same numbers. A command waits while too many are in flight, and while its number is
/// too far above the lowest unanswered one of its origin: below the server's window a retry of that
/// one is looked for in the log, which takes longer, and servers of earlier versions no longer know it.
package struct CommandQueue: Sendable {
  package struct Bounds: Sendable, Equatable {
    package var inFlightMax: Int
    /// Largest distance between two unanswered numbers of an origin.
    package var numberSpanMax: UInt64

    package init(inFlightMax: Int, numberSpanMax: UInt64) {
      self.inFlightMax = inFlightMax
      self.numberSpanMax = numberSpanMax
    }
  }

  private enum State: Sendable { case waiting, sent, turnedAway, answered }

  private struct Entry: Sendable {
    var command: IssuedCommand
    /// The issuer's own mark, given back with the answer.
    var token: UInt64
    var state = State.waiting
  }

  /// Whose numbers rise by one: an origin's, or an origin's in one stream.
  private struct Counter: Hashable, Sendable {
    let origin: Origin?
    let gaplessStream: StreamKey?

    init(of command: IssuedCommand) {
      origin = command.origin
      gaplessStream = command.isGapless ? command.receiver : nil
    }
  }

  private struct Span: Sendable {
    var lowest: UInt64
    var unanswered: Int
  }

  private var entries = CircularBuffer<Entry>()
  /// Position of `entries.first` among all that were ever issued.
  private var firstPosition = 0
  /// Everything before it has been on the wire of this connection.
  private var sendPosition = 0
  /// Position by the sequence of the frame that carries it on this connection.
  private var sequences: [UInt32: Int] = [:]
  private var spans: [Counter: Span] = [:]
  private var turnedAway = 0

  package init() {}

  package var unanswered: Int { waiting + inFlight + turnedAway }
  package var inFlight: Int { sequences.count }
  private var waiting: Int { firstPosition + entries.count - sendPosition }
  package var isEmpty: Bool { unanswered == 0 }

  package mutating func append(_ command: IssuedCommand, token: UInt64) {
    entries.append(Entry(command: command, token: token))
  }

  /// The next command that may go out, marked as being in flight under this sequence.
  package mutating func next(sequence: UInt32, within bounds: Bounds) -> IssuedCommand? {
    guard inFlight < bounds.inFlightMax else { return nil }
    // While some wait for another try, later ones would only overtake them.
    guard turnedAway == 0, waiting > 0 else { return nil }
    let index = sendPosition - firstPosition
    let command = self[index].command
    let counter = Counter(of: command)
    // What an earlier client has left in this stream comes first: no number says so.
    if let stream = counter.gaplessStream,
      spans.keys.contains(where: { $0.gaplessStream == stream && $0.origin != counter.origin })
    {
      return nil
    }
    if !command.hasSparseNumber, let span = spans[counter], command.number > span.lowest,
      command.number - span.lowest > bounds.numberSpanMax
    {
      return nil
    }
    self[index].state = .sent
    sequences[sequence] = sendPosition
    sendPosition += 1
    let span = spans[counter]
    spans[counter] = Span(
      lowest: min(span?.lowest ?? command.number, command.number),
      unanswered: (span?.unanswered ?? 0) + 1)
    return command
  }

  /// The command of this sequence is answered for good; its token, or nil for a stranger's.
  package mutating func answered(_ sequence: UInt32) -> UInt64? {
    guard let position = sequences.removeValue(forKey: sequence) else { return nil }
    let index = position - firstPosition
    self[index].state = .answered
    let entry = self[index]
    close(entry.command, after: index)
    while let first = entries.first, first.state == .answered {
      entries.removeFirst()
      firstPosition += 1
    }
    return entry.token
  }

  /// The command of this sequence may succeed later: it is tried again, under its number, by
  /// `retry`, before anything that was not sent yet. False for a stranger's.
  package mutating func turnAway(_ sequence: UInt32) -> Bool {
    guard let position = sequences.removeValue(forKey: sequence) else { return false }
    self[position - firstPosition].state = .turnedAway
    turnedAway += 1
    return true
  }

  /// What was turned away, in order, each in flight again under the sequence that `sequence` gives.
  package mutating func retry(sequence: () -> UInt32) -> [(UInt32, IssuedCommand)] {
    guard turnedAway > 0 else { return [] }
    var again: [(UInt32, IssuedCommand)] = []
    for index in 0..<(sendPosition - firstPosition) where self[index].state == .turnedAway {
      self[index].state = .sent
      let used = sequence()
      sequences[used] = firstPosition + index
      again.append((used, self[index].command))
    }
    turnedAway = 0
    return again
  }

  /// Nothing is in flight any more: what is unanswered waits again, in order.
  package mutating func connectionLost() {
    sequences.removeAll(keepingCapacity: true)
    spans.removeAll(keepingCapacity: true)
    turnedAway = 0
    // Answered ones in between would be sent again otherwise.
    entries = CircularBuffer(entries.filter { $0.state != .answered })
    for index in 0..<entries.count { self[index].state = .waiting }
    sendPosition = firstPosition
  }

  /// The session ends: the tokens of all that will never be answered.
  package mutating func removeAll() -> [UInt64] {
    let tokens = entries.filter { $0.state != .answered }.map(\.token)
    self = CommandQueue()
    return tokens
  }

  private mutating func close(_ command: IssuedCommand, after index: Int) {
    let counter = Counter(of: command)
    guard var span = spans[counter] else { return }
    span.unanswered -= 1
    guard span.unanswered > 0 else {
      spans[counter] = nil
      return
    }
    if command.number == span.lowest {
      // Numbers of an origin rise with the order of issue, so the next one stands behind.
      var at = index + 1
      while at < sendPosition - firstPosition {
        let other = self[at]
        if other.state != .answered && Counter(of: other.command) == counter {
          span.lowest = other.command.number
          break
        }
        at += 1
      }
    }
    spans[counter] = span
  }

  private subscript(index: Int) -> Entry {
    get { entries[entries.index(entries.startIndex, offsetBy: index)] }
    set { entries[entries.index(entries.startIndex, offsetBy: index)] = newValue }
  }
}
