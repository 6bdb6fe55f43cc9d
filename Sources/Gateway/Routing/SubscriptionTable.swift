import DaybookModel
import NIOCore
import Ports

/// Which sessions of one loop follow which streams. The key is a fingerprint, which a stranger
/// could construct: an event is matched by its stream's text before anybody gets it.
struct SubscriptionTable {
  struct Subscribers {
    let stream: StreamKey
    var sessions: [Session]
  }

  private var table: [UInt64: [Subscribers]] = [:]

  /// True if nobody has followed anything of this fingerprint before.
  mutating func add(_ session: Session, to stream: StreamKey) -> Bool {
    let key = stream.fingerprint
    guard let known = table[key] else {
      table[key] = [Subscribers(stream: stream, sessions: [session])]
      return true
    }
    if let at = known.firstIndex(where: { $0.stream == stream }) {
      table[key]?[at].sessions.append(session)
    } else {
      table[key]?.append(Subscribers(stream: stream, sessions: [session]))
    }
    return false
  }

  /// True if nobody follows anything of this fingerprint any more.
  mutating func remove(_ session: Session, from stream: StreamKey) -> Bool {
    let key = stream.fingerprint
    guard let at = table[key]?.firstIndex(where: { $0.stream == stream }),
      let place = table[key]?[at].sessions.firstIndex(where: { $0 === session })
    else { return false }
    table[key]?[at].sessions.remove(at: place)
    guard table[key]?[at].sessions.isEmpty == true else { return false }
    table[key]?.remove(at: at)
    guard table[key]?.isEmpty == true else { return false }
    table[key] = nil
    return true
  }

  /// By ascending bytes of the streams' names.
  var all: [Subscribers] {
    table.values.joined().sorted { $0.stream.text < $1.stream.text }
  }

  func sessions(of stream: StreamKey) -> [Session] {
    table[stream.fingerprint]?.first { $0.stream == stream }?.sessions ?? []
  }

  /// Those who follow the stream of this event; `body` is its batch's.
  func subscribers(of slot: EventSlot, in body: ByteBuffer) -> Subscribers? {
    guard let candidates = table[slot.stream] else { return nil }
    return candidates.first { candidate in
      body.withUnsafeReadableBytes { bytes in
        SubscriptionTable.event(
          UnsafeRawBufferPointer(
            rebasing: bytes[Int(slot.start)..<Int(slot.start) + Int(slot.length)]),
          isOf: candidate.stream)
      }
    }
  }

  /// An event begins with its stream: tag 1, length (an id has at most 64 bytes, so one byte),
  /// text.
  private static func event(_ bytes: UnsafeRawBufferPointer, isOf stream: StreamKey) -> Bool {
    let count = stream.text.utf8.count
    guard bytes.count >= count + 2, bytes[0] == 1 << 3 | 2, bytes[1] == count else {
      return false
    }
    return bytes[2..<count + 2].elementsEqual(stream.text.utf8)
  }
}
