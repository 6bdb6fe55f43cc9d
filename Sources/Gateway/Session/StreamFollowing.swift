import DaybookModel
import NIOCore
import Ports
import Requests

/// How one session follows one stream: it subscribes first, reads the head second, then syncs up
/// to it, page by page as the device's acks make room in the window; what commits meanwhile only
/// moves the target. Then it is live, and what commits is pushed, as long as there is room. Without
/// room it is behind: as in sync, what is missing comes from the log. Every seq up to `sent` was
/// pushed, or declared not visible, exactly once.
/// An ack counts whenever it comes: one that is early, as of a device that has the events from an
/// earlier session, is not sent again, and a page that waited for it would wait for ever.
struct StreamFollowing {
  enum Phase { case opening, syncing, live, behind }
  enum Step: Equatable {
    case wait
    case notVisible(first: Seq, last: Seq)
    case read(from: Seq, through: Seq, bytesMax: Int)
    /// The window is full. Said once, until more was pushed.
    case awaitAck(upTo: Seq)
    /// Nothing is left to sync.
    case live
    /// Of a stream that the client fetches: it has more than the client was told of.
    case announce
    /// The last seq that the user may see was sent.
    case ended
  }

  /// What ends it for this user.
  enum Ending { case left, dissolved }

  enum Verdict {
    case push, pushLast, hold, fallBehind, drop, gap
    /// It is one of those that are not pushed, and needs no room.
    case withhold
    /// The client fetches, and may be told that there is more.
    case announce, announceLast
  }

  let stream: StreamKey
  private(set) var phase = Phase.opening
  private(set) var isReading = false
  /// Events may have committed that this session was not told of: until the owner has said how far the
  /// stream goes, nothing is sent.
  private(set) var isInterrupted = false
  /// A leave of the user has committed that the stream itself doesn't tell.
  private var hasMaybeLeft = false
  private var saidAwaiting = false
  private(set) var visible: [SeqInterval] = []
  /// Head as the owner stated it; what lies behind it was part of the owner's answer.
  private(set) var openedHead = Seq.none
  private(set) var sent = Seq.none
  private var window: PushWindow
  /// The client fetches what it wants: nothing is pushed.
  let isPulled: Bool
  /// The size of the event after `sent`, once it was seen to be more than there is room for.
  private var nextBytes = 1
  private(set) var target = Seq.none
  /// The user's leave, or the group's end: the last seq that is theirs to see.
  private(set) var closesAt: Seq?
  private(set) var ending: Ending?
  private var heldEndings: [(Seq, Ending)] = []
  /// The user joined again before the end was reached.
  var reopens = false

  init(_ stream: StreamKey, window: PushWindow.Size, isPulled: Bool = false) {
    self.stream = stream
    self.isPulled = isPulled
    self.window = PushWindow(window)
  }

  /// The highest ack, of this following or of an earlier one in this session.
  var ackedUpTo: Seq { window.ackedUpTo }

  /// As far as this session knows.
  var head: Seq { max(sent, target) }

  /// The session has caught up with it once, and the user has not left since.
  var isFollowed: Bool {
    (phase == .live || phase == .behind) && closesAt == nil && !hasMaybeLeft
  }

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

  /// `mayRead` is false while the session has no room for a page, of whatever stream.
  mutating func next(mayRead: Bool) -> Step {
    guard phase == .syncing || phase == .behind, !isReading, !isInterrupted else { return .wait }
    guard sent < end else {
      if let closesAt, sent >= closesAt { return .ended }
      phase = .live
      return .live
    }
    if isPulled {
      sent = end
      return .announce
    }
    let part = VisibleRanges.head(sent.next, end, visible: visible)
    guard part.isVisible else {
      sent = part.last
      return .notVisible(first: part.first, last: part.last)
    }
    guard window.takes(bytes: nextBytes) else {
      guard !saidAwaiting else { return .wait }
      saidAwaiting = true
      return .awaitAck(upTo: window.lastPushed)
    }
    guard mayRead else { return .wait }
    isReading = true
    let last = Seq(sent.rawValue + UInt64(window.eventsLeft))
    return .read(
      from: part.first, through: min(part.last, last), bytesMax: max(1, window.bytesLeft))
  }

  /// False if it was so already, or has not been opened: then the owner's answer is still to come.
  mutating func interrupted() -> Bool {
    guard phase != .opening, !isInterrupted else { return false }
    isInterrupted = true
    if phase == .live {
      phase = .behind
      target = sent
    }
    return true
  }

  /// While it opens, the owner's answer is still to come, and knows of it.
  mutating func mayHaveLeft() { hasMaybeLeft = phase != .opening }

  /// The owner has said how far the stream goes, and what of it may be seen.
  mutating func resumed(_ position: StreamPosition) {
    (isInterrupted, hasMaybeLeft) = (false, false)
    visible = position.visible
    target = max(target, position.head)
    // A group that was dissolved meanwhile ends here as well: the next opening tells the two apart.
    if stream.kind == .group, closesAt == nil, let last = position.visible.last?.last {
      (closesAt, ending) = (last, .left)
    }
  }

  /// How many of the page's events there is room for, in the window and, `atMost`, in the session: these are
  /// pushed. Nil if the page isn't what follows: then something of the log is missing.
  /// Those that `withheld` says so of are passed over, and need no room; empty: none of them.
  mutating func took(page: [StreamEvent], atMost count: Int, withheld: [Bool] = []) -> Int? {
    assert(isReading)
    var expected = sent.next
    for event in page {
      guard event.seq == expected else { return nil }
      expected = expected.next
    }
    guard let last = page.last?.seq, last <= end else { return nil }
    isReading = false
    let room = page.prefix(count)
    for (index, event) in room.enumerated() {
      if !withheld.isEmpty, withheld[index] {
        passed(event.seq)
        continue
      }
      let bytes = event.bytes.readableBytes
      guard window.takes(bytes: bytes) else {
        nextBytes = bytes
        return index
      }
      pushed(event.seq, bytes: bytes)
    }
    return room.count
  }

  /// The page has come when there was no room in the session: it is read again.
  mutating func droppedPage() {
    assert(isReading)
    isReading = false
  }

  mutating func acked(_ upTo: Seq) { window.ack(upTo) }

  /// An event of the stream has committed, which may end it. `mayPush` is false while the session
  /// has no room, of whatever stream.
  mutating func committed(
    _ seq: Seq, bytes: Int, ends: Ending?, mayPush: Bool, isWithheld: Bool = false
  ) -> Verdict {
    switch phase {
    case .opening:
      target = max(target, seq)
      if let ends { heldEndings.append((seq, ends)) }
      return .hold
    case .syncing, .behind:
      target = max(target, seq)
      if let ends, seq > openedHead, closesAt == nil { close(at: seq, ends) }
      return .hold
    case .live:
      guard seq > sent else { return .drop }
      guard seq == sent.next else { return .gap }
      if let ends { close(at: seq, ends) }
      if isWithheld, ends == nil {
        passed(seq)
        return .withhold
      }
      if isPulled {
        passed(seq)
        return ends == nil ? .announce : .announceLast
      }
      guard mayPush, window.takes(bytes: bytes) else {
        phase = .behind
        target = seq
        nextBytes = bytes
        return .fallBehind
      }
      pushed(seq, bytes: bytes)
      return ends == nil ? .push : .pushLast
    }
  }

  private mutating func passed(_ seq: Seq) {
    sent = seq
    nextBytes = 1
  }

  private mutating func pushed(_ seq: Seq, bytes: Int) {
    window.push(seq, bytes: bytes)
    sent = seq
    nextBytes = 1
    saidAwaiting = false
  }

  private mutating func close(at seq: Seq, _ ending: Ending) {
    (closesAt, self.ending) = (seq, ending)
    if let open = visible.indices.last, visible[open].last == nil { visible[open].last = seq }
  }
}
