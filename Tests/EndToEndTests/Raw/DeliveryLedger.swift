import NIOConcurrencyHelpers

/// A message as who has sent it knows it, and everybody who reads its text.
struct LedgerMessage: Hashable, Sendable, CustomStringConvertible {
  var from: String
  /// Of its command: its sender's 1, 2, 3….
  var number: UInt64
  /// A stream.
  var to: String

  /// What is said, and so many bytes more.
  func text(padding: Int = 0) -> String {
    "\(from) \(number) \(to)" + (padding > 0 ? " " + String(repeating: "x", count: padding) : "")
  }

  init(from: String, number: UInt64, to: String) {
    self.from = from
    self.number = number
    self.to = to
  }

  /// Nil for a text that none of these has.
  init?(text: String) {
    let words = text.split(separator: " ", maxSplits: 3)
    guard words.count >= 3, let number = UInt64(words[1]) else { return nil }
    self.init(from: String(words[0]), number: number, to: String(words[2]))
  }

  var description: String { "\(from)'s number \(number) to \(to)" }
}

/// An event of a stream, as a client was pushed it.
struct LedgerEvent: Equatable, Sendable {
  var seq: UInt64
  var messageID: UInt64
  /// Nil where it is none.
  var message: LedgerMessage?
}

/// What clients were answered, and what each was pushed, whatever became of their connections meanwhile; and
/// whether the one goes with the other. No I/O.
struct DeliveryLedger: Sendable {
  private struct Stream: Sendable {
    var first: UInt64
    var events: [LedgerEvent] = []
    var head: UInt64 { first + UInt64(events.count) - 1 }

    func event(_ seq: UInt64) -> LedgerEvent? {
      seq >= first && seq <= head ? events[Int(seq - first)] : nil
    }
  }

  private var acked: [LedgerMessage: UInt64] = [:]
  /// By reader, and by the stream that it follows.
  private var streams: [String: [String: Stream]] = [:]
  /// What was wrong as it came.
  private(set) var faults: [String] = []

  var ackedCount: Int { acked.count }

  mutating func fault(_ text: String) { faults.append(text) }

  mutating func acked(_ message: LedgerMessage, as messageID: UInt64) {
    if let before = acked.updateValue(messageID, forKey: message), before != messageID {
      fault("\(message) was answered with id \(before), and then with \(messageID)")
    }
  }

  /// A session follows a stream from there on.
  mutating func follows(_ reader: String, _ stream: String, cursor: UInt64) {
    guard let head = streams[reader]?[stream]?.head else {
      streams[reader, default: [:]][stream] = Stream(first: cursor + 1)
      return
    }
    if cursor > head {
      fault("\(reader) is to go on behind \(cursor) of \(stream), and has it up to \(head)")
    }
  }

  /// What was pushed; again, where it was not acked before.
  mutating func came(_ event: LedgerEvent, to reader: String, of stream: String) {
    // No copy of what is there is held, or each event would cost one.
    guard let head = streams[reader]?[stream]?.head else {
      return fault("\(reader) was pushed seq \(event.seq) of \(stream), which it does not follow")
    }
    if event.seq == head + 1 {
      streams[reader]?[stream]?.events.append(event)
    } else if event.seq <= head, let before = streams[reader]?[stream]?.event(event.seq) {
      if before != event { fault("seq \(event.seq) of \(stream) was \(before), and is \(event)") }
    } else {
      fault("\(reader) was pushed seq \(event.seq) of \(stream) behind \(head)")
    }
  }

  /// Whether all of these have come to a reader in a stream.
  func has(_ reader: String, _ stream: String, _ messages: Set<LedgerMessage>) -> Bool {
    var missing = messages
    for event in streams[reader]?[stream]?.events.reversed() ?? [] {
      if let message = event.message { missing.remove(message) }
      if missing.isEmpty { return true }
    }
    return missing.isEmpty
  }

  /// All that does not hold, once everything has come to everybody: each message that was answered is in its
  /// stream, under the id of the answer, once, and behind those that its sender has sent there before; direct ones
  /// also in their sender's mailbox; none that was not answered is there twice; and all who follow a stream have
  /// seen the same.
  func check() -> [String] {
    var found = faults
    for (reader, own) in streams.sorted(by: { $0.key < $1.key }) {
      for (stream, content) in own.sorted(by: { $0.key < $1.key }) {
        found += check(reader, stream, content)
      }
    }
    return found + missing() + different()
  }

  private func check(_ reader: String, _ stream: String, _ content: Stream) -> [String] {
    var found: [String] = []
    var last: [String: UInt64] = [:]
    for event in content.events {
      guard let message = event.message else { continue }
      // Of a sender's copies, each receiver's are in order.
      let order = "\(message.from) \(message.to)"
      if let before = last[order], before >= message.number {
        found.append("\(reader) got \(message) in \(stream) behind number \(before)")
      }
      last[order] = message.number
      if let id = acked[message], id != event.messageID {
        found.append("\(reader) got \(message) as \(event.messageID), which was answered as \(id)")
      }
    }
    return found
  }

  private func missing() -> [String] {
    var found: [String] = []
    var there: [String: Set<LedgerMessage>] = [:]
    var followers: [String: [String]] = [:]
    for (reader, own) in streams {
      for (stream, content) in own {
        followers[stream, default: []].append(reader)
        there["\(reader) \(stream)"] = Set(content.events.compactMap(\.message))
      }
    }
    for message in acked.keys.sorted(by: { ($0.from, $0.number) < ($1.from, $1.number) }) {
      var readers = (followers[message.to] ?? []).map { ($0, message.to) }
      if message.to.hasPrefix("user/") { readers.append((message.from, "user/\(message.from)")) }
      for (reader, stream) in readers where there["\(reader) \(stream)"]?.contains(message) != true
      {
        found.append("\(message) was answered, and \(reader) has not got it in \(stream)")
      }
      if readers.isEmpty {
        found.append("\(message) was answered, and nobody follows \(message.to)")
      }
    }
    return found
  }

  private func different() -> [String] {
    var seen: [String: [UInt64: LedgerEvent]] = [:]
    var found: [String] = []
    for (reader, own) in streams.sorted(by: { $0.key < $1.key }) {
      for (stream, content) in own {
        for event in content.events {
          let other = seen[stream, default: [:]].updateValue(event, forKey: event.seq)
          if let other, other != event {
            found.append(
              "\(reader) has seq \(event.seq) of \(stream) as \(event), another as \(other)")
          }
        }
      }
    }
    return found
  }
}
