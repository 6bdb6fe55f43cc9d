import DaybookModel

/// What of one stream a session was pushed and has not acked: never more than it was promised, but
/// for a single event that is larger than that alone.
///
/// An ack makes room for the events that it covers at once; for their bytes exactly as long as few events are under
/// way, and else in portions, each when all of it is acked.
package struct PushWindow: Sendable {
  package struct Size: Sendable, Equatable {
    package var events: Int
    package var bytes: Int

    package init(events: Int, bytes: Int) {
      self.events = events
      self.bytes = bytes
    }
  }

  /// Neighbours, which leave together: their events one by one as they are acked, their bytes with the last.
  private struct Portion {
    let first: Seq
    var last: Seq
    var events: Int
    var bytes: Int
  }

  /// So much is known of what is not acked, however many events it is: a session that reads and never acks may
  /// follow very many streams.
  static let portionsMax = 16

  let size: Size
  /// The highest ack, of whatever was pushed or not.
  private(set) var ackedUpTo = Seq.none
  private(set) var lastPushed = Seq.none
  private(set) var bytes = 0
  private(set) var events = 0
  /// By ascending seq.
  private var portions: [Portion] = []

  init(_ size: Size) {
    assert(size.events > 0 && size.bytes > 0)
    self.size = size
  }

  var eventsLeft: Int { max(0, size.events - events) }
  var bytesLeft: Int { max(0, size.bytes - bytes) }

  func takes(bytes more: Int) -> Bool {
    events == 0 || (events < size.events && bytes + more <= size.bytes)
  }

  mutating func push(_ seq: Seq, bytes count: Int) {
    assert(seq > lastPushed && takes(bytes: count))
    lastPushed = seq
    // The device has it from an earlier session, and has said so.
    guard seq > ackedUpTo else { return }
    bytes += count
    events += 1
    portions.append(Portion(first: seq, last: seq, events: 1, bytes: count))
    if portions.count > PushWindow.portionsMax { joinSmallest() }
  }

  /// Two neighbours become one.
  private mutating func joinSmallest() {
    var (smallest, bytes) = (0, Int.max)
    for index in portions.indices.dropLast() {
      let both = portions[index].bytes + portions[index + 1].bytes
      if both < bytes { (smallest, bytes) = (index, both) }
    }
    let next = portions.remove(at: smallest + 1)
    portions[smallest].last = next.last
    portions[smallest].events += next.events
    portions[smallest].bytes += next.bytes
  }

  mutating func ack(_ upTo: Seq) {
    ackedUpTo = max(ackedUpTo, upTo)
    let left = portions.firstIndex { $0.last > ackedUpTo } ?? portions.count
    for portion in portions[..<left] {
      events -= portion.events
      bytes -= portion.bytes
    }
    portions.removeFirst(left)
    guard let next = portions.first, next.first <= ackedUpTo else { return }
    // How many of them are acked can be told where no seqs lie between that were not pushed; else some may seem to
    // be under way that are not, until the last of them is acked.
    let ahead = Int(next.last.rawValue - ackedUpTo.rawValue)
    guard ahead < next.events else { return }
    events -= next.events - ahead
    portions[0].events = ahead
  }
}
