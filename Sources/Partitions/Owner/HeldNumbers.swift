import DaybookModel
import NIOCore
import Ports

/// Commands whose numbers are their stream's own and not yet in turn: one before them is missing, and
/// may still be on its way. So many are held, and so long; then they are answered that it is missing.
/// Times are `WallClock.uptime`.
package struct HeldNumbers {
  package struct Bounds: Sendable {
    /// Of one origin in one stream.
    package var perOrigin = Limits.heldNumbersPerOriginMax
    /// Of all.
    package var numbers = Limits.heldNumbersMax
    package var bytes = Limits.heldNumbersBytesMax
    package var milliseconds = Limits.heldNumbersMilliseconds

    package init() {}
  }

  private struct Held {
    let pending: PendingCommand
    let number: UInt64
    let due: Timestamp
    let bytes: Int
  }

  private let bounds: Bounds
  /// Ascending by number, and not empty.
  private var origins: [IssuedOrigin: [Held]] = [:]
  private(set) var count = 0
  private(set) var bytes = 0

  init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

  var isEmpty: Bool { count == 0 }

  func count(of origin: IssuedOrigin) -> Int { origins[origin]?.count ?? 0 }

  /// Returns what is to be answered that a number is missing: this command where there is no room for
  /// it, or one of the same number that it replaces, for whoever sends it again waits for this one.
  mutating func hold(
    _ pending: PendingCommand, _ issued: IssuedNumber, uptime: Timestamp
  ) -> PendingCommand? {
    let size = HeldNumbers.bytes(of: pending.command)
    var held = origins[issued.origin] ?? []
    let replaced = held.firstIndex { $0.number == issued.number }
    if replaced == nil, held.count >= bounds.perOrigin || count >= bounds.numbers { return pending }
    let before = replaced.map { held[$0].bytes } ?? 0
    guard bytes - before + size <= bounds.bytes else { return pending }
    origins[issued.origin] = nil  // So that `held` is changed where it is.
    let new = Held(
      pending: pending, number: issued.number,
      due: Timestamp(milliseconds: uptime.milliseconds + bounds.milliseconds), bytes: size)
    bytes += size - before
    defer { origins[issued.origin] = held }
    if let replaced {
      let old = held[replaced].pending
      held[replaced] = new
      return old
    }
    count += 1
    let at = held.firstIndex { $0.number > issued.number } ?? held.count
    held.insert(new, at: at)
    return nil
  }

  /// The command with this number, if it is held, which is held no longer.
  mutating func take(_ issued: IssuedNumber) -> PendingCommand? {
    guard let first = origins[issued.origin]?.first, first.number == issued.number else {
      return nil
    }
    origins[issued.origin]?.removeFirst()
    if origins[issued.origin]?.isEmpty ?? false { origins[issued.origin] = nil }
    forget(first)
    return first.pending
  }

  /// Those whose time is over, in their order.
  mutating func due(at uptime: Timestamp) -> [PendingCommand] {
    removeAll { $0.due <= uptime }
  }

  mutating func removeAll() -> [PendingCommand] { removeAll { _ in true } }

  /// When the next one's time is over; nil where none is held.
  var firstDue: Timestamp? {
    origins.values.lazy.flatMap { $0 }.map(\.due).min()
  }

  private mutating func removeAll(where isLeaving: (Held) -> Bool) -> [PendingCommand] {
    var leaving: [PendingCommand] = []
    for origin in Array(origins.keys) {
      guard let held = origins[origin], held.contains(where: isLeaving) else { continue }
      for left in held where isLeaving(left) {
        forget(left)
        leaving.append(left.pending)
      }
      let kept = held.filter { !isLeaving($0) }
      origins[origin] = kept.isEmpty ? nil : kept
    }
    return leaving
  }

  private mutating func forget(_ held: Held) {
    count -= 1
    bytes -= held.bytes
  }

  /// About what a command takes beside its content.
  private static let commandBytes = 256

  private static func bytes(of command: borrowing Command) -> Int {
    let content =
      switch command.body {
      case .send(let message): message.content.readableBytes
      case .edit(_, let content): content.readableBytes
      default: 0
      }
    return commandBytes + content
  }
}
