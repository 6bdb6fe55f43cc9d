import DaybookModel
import Ports

/// What somebody may see of a stream while a conversation's history is walked downwards.
struct VisibleStays {
  private let range: StreamRange
  private let hasSeqOrder: Bool
  /// Ascending; without those that lie wholly above what was reached.
  private var stays: [SeqInterval]

  /// A page of a mailbox that shows nothing is the end if it has so many messages.
  private static let hiddenMax = 256

  init(log: any SearchableLog, stream: StreamKey, _ visible: [SeqInterval]) {
    range = StreamRange(log: log, stream: stream)
    stays = visible.sorted { $0.first < $1.first }
    hasSeqOrder = stream.kind == .group
  }

  func contains(_ seq: Seq) -> Bool {
    // They lie apart: the highest that begins at or before it decides.
    stays.last { $0.first <= seq }?.contains(seq) ?? false
  }

  /// Lowers `bound` to what may be visible, for one who walks down and has not begun. False where
  /// nothing is visible.
  mutating func begin(_ bound: inout MessageID?) throws(DaybookError) -> Bool {
    hasSeqOrder ? try skip(below: nil, &bound) : !stays.isEmpty
  }

  /// The same after a page of so many messages that went down to `lowest`.
  mutating func goOn(
    after messages: Int, showing shown: Int, downTo lowest: Seq?, _ bound: inout MessageID?
  ) throws(DaybookError) -> Bool {
    // A copy that came late has a low id behind a high seq: no seq is the end of a mailbox, but
    // none comes so late that it has to be looked for at any cost.
    guard hasSeqOrder else { return shown > 0 || messages < VisibleStays.hiddenMax }
    guard let lowest else { return true }
    return try skip(below: lowest, &bound)
  }

  /// Ids and seqs of a group's messages have the same order, so that what lies between two stays
  /// can be jumped over.
  private mutating func skip(
    below seq: Seq?, _ bound: inout MessageID?
  ) throws(DaybookError) -> Bool {
    if let seq {
      // Reached its beginning: what is older belongs to another.
      while let stay = stays.last, seq <= stay.first { stays.removeLast() }
    }
    guard let lowest = stays.first, let stay = stays.last else { return false }
    guard let last = stay.last, seq.map({ last < $0 }) ?? true else { return true }
    // The stay itself may be without messages: then it is the newest before it.
    guard let newest = try range.lastSent(from: lowest.first, through: last) else { return false }
    bound = bound.map { min($0, newest.id.next) } ?? newest.id.next
    return true
  }
}
