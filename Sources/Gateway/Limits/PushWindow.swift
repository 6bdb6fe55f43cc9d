import DaybookModel

/// What of one stream a session was pushed and has not acked: never more than it was promised, but
/// for a single event that is larger than that alone.
package struct PushWindow: Sendable {
  package struct Size: Sendable, Equatable {
    package var events: Int
    package var bytes: Int

    package init(events: Int, bytes: Int) {
      self.events = events
      self.bytes = bytes
    }
  }

  private struct Pushed {
    let seq: Seq
    let bytes: Int
  }

  let size: Size
  /// The highest ack, of whatever was pushed or not.
  private(set) var ackedUpTo = Seq.none
  private(set) var lastPushed = Seq.none
  private(set) var bytes = 0
  /// By ascending seq; those before `first` are acked, and leave with the next that finds them many.
  private var pushed: [Pushed] = []
  private var first = 0

  init(_ size: Size) {
    assert(size.events > 0 && size.bytes > 0)
    self.size = size
  }

  var events: Int { pushed.count - first }
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
    pushed.append(Pushed(seq: seq, bytes: count))
    bytes += count
  }

  mutating func ack(_ upTo: Seq) {
    ackedUpTo = max(ackedUpTo, upTo)
    while first < pushed.count, pushed[first].seq <= ackedUpTo {
      bytes -= pushed[first].bytes
      first += 1
    }
    if first == pushed.count {
      pushed.removeAll(keepingCapacity: true)
      first = 0
    } else if first >= size.events {
      pushed.removeFirst(first)
      first = 0
    }
  }
}
