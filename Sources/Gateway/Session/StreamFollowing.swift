import DaybookModel
import Ports

/// How one session follows one stream: it subscribes first, reads the head second, then syncs up
/// to it, page by page under the device's acks; what commits meanwhile only moves the target.
/// Then it is live. Every seq up to `sent` was pushed, or declared not visible, exactly once.
/// An ack counts whenever it comes: one that is early, as of a device that has the events from an
/// earlier session, is not sent again, and a page that waited for it would wait for ever.
struct StreamFollowing {
  enum Phase { case opening, syncing, live }
  enum Waiting: Equatable { case nothing, page, ack(Seq) }

  enum Step: Equatable {
    case wait
    case notVisible(first: Seq, last: Seq)
    case read(from: Seq, through: Seq)
    /// Nothing is left to sync.
    case live
    /// The last seq that the user may see was sent.
    case ended
  }

  /// What ends it for this user.
  enum Ending { case left, dissolved }

  enum Verdict { case push, pushLast, hold, drop, gap }

  let stream: StreamKey
  private(set) var phase = Phase.opening
  private(set) var waiting = Waiting.nothing
  private(set) var visible: [SeqInterval] = []
  /// Head as the owner stated it; what lies behind it was part of the owner's answer.
  private(set) var openedHead = Seq.none
  private(set) var sent = Seq.none
  /// The highest ack, of this following or of an earlier one in this session.
  private(set) var ackedUpTo = Seq.none
  private(set) var target = Seq.none
  /// The user's leave, or the group's end: the last seq that is theirs to see.
  private(set) var closesAt: Seq?
  private(set) var ending: Ending?
  private var heldEndings: [(Seq, Ending)] = []
  /// The user joined again before the end was reached.
  var reopens = false

  init(_ stream: StreamKey) { self.stream = stream }

  /// As far as this session knows.
  var head: Seq { max(sent, target) }

  private var end: Seq { closesAt.map { min($0, target) } ?? target }

  mutating func opened(_ position: StreamPosition) {
    phase = .syncing
    visible = position.visible
    openedHead = position.head
    sent = min(position.cursor, position.head)
    target = max(target, position.head)
    if let (seq, ending) = heldEndings.first(where: { $0.0 > position.head }) {
      close(at: seq, ending)
    }
    heldEndings = []
    // Only of a group that was dissolved can nobody be a member and yet somebody follow it.
    if stream.kind == .group, let last = position.visible.last?.last {
      (closesAt, ending) = (last, .dissolved)
    }
  }

  mutating func next() -> Step {
    guard phase == .syncing, waiting == .nothing else { return .wait }
    guard sent < end else {
      if let closesAt, sent >= closesAt { return .ended }
      phase = .live
      return .live
    }
    let part = VisibleRanges.head(sent.next, end, visible: visible)
    if part.isVisible {
      waiting = .page
      return .read(from: part.first, through: part.last)
    }
    sent = part.last
    return .notVisible(first: part.first, last: part.last)
  }

  /// False if the page isn't what follows: then something of the log is missing.
  mutating func took(page: [StreamEvent]) -> Bool {
    assert(waiting == .page)
    var expected = sent.next
    for event in page {
      guard event.seq == expected else { return false }
      expected = expected.next
    }
    guard let last = page.last?.seq, last <= end else { return false }
    sent = last
    waiting = sent < end && sent > ackedUpTo ? .ack(sent) : .nothing
    return true
  }

  mutating func acked(_ upTo: Seq) {
    ackedUpTo = max(ackedUpTo, upTo)
    if case .ack(let awaited) = waiting, ackedUpTo >= awaited { waiting = .nothing }
  }

  /// An event of the stream has committed, which may end it.
  mutating func committed(_ seq: Seq, ends: Ending?) -> Verdict {
    switch phase {
    case .opening:
      target = max(target, seq)
      if let ends { heldEndings.append((seq, ends)) }
      return .hold
    case .syncing:
      target = max(target, seq)
      if let ends, seq > openedHead, closesAt == nil { close(at: seq, ends) }
      return .hold
    case .live:
      guard seq > sent else { return .drop }
      guard seq == sent.next else { return .gap }
      sent = seq
      guard let ends else { return .push }
      close(at: seq, ends)
      return .pushLast
    }
  }

  private mutating func close(at seq: Seq, _ ending: Ending) {
    (closesAt, self.ending) = (seq, ending)
    if let open = visible.indices.last, visible[open].last == nil { visible[open].last = seq }
  }
}
