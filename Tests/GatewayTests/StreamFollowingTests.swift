import DaybookModel
import NIOCore
import Ports
import Requests
import Testing

@testable import Gateway

/// A `StreamFollowing` behind a reference, so that an expectation may change it.
final class Followed {
  private var value: StreamFollowing
  var phase: StreamFollowing.Phase { value.phase }
  var isFollowed: Bool { value.isFollowed }
  var ending: StreamFollowing.Ending? { value.ending }
  var closesAt: Seq? { value.closesAt }

  init(_ stream: String, window: PushWindow.Size = PushWindow.Size(events: 4, bytes: 1_000)) {
    value = StreamFollowing(StreamKey(checked: stream)!, window: window)
  }

  func opened(cursor: UInt64, head: UInt64, visible: [SeqInterval]) {
    value.opened(
      StreamPosition(
        cursor: Seq(cursor), head: Seq(head), resumed: true, visible: visible, groups: []))
  }

  func next(mayRead: Bool = true) -> StreamFollowing.Step { value.next(mayRead: mayRead) }
  func acked(_ upTo: UInt64) { value.acked(Seq(upTo)) }

  func committed(
    _ seq: UInt64, bytes: Int = 1, ends: StreamFollowing.Ending? = nil, mayPush: Bool = true
  ) -> StreamFollowing.Verdict {
    value.committed(Seq(seq), bytes: bytes, ends: ends, mayPush: mayPush)
  }

  func took(_ page: [StreamEvent]) -> Int? {
    value.took(page: page, atMost: page.count)
  }

  func took(_ seqs: ClosedRange<UInt64>, bytes: Int = 1) -> Int? {
    let body = ByteBuffer(repeating: 0, count: bytes)
    return took(seqs.map { StreamEvent(seq: Seq($0), messageID: .none, bytes: body) })
  }

  func droppedPage() { value.droppedPage() }
}

@Suite("following a stream")
struct StreamFollowingTests {
  struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
      return z ^ z >> 31
    }
  }

  /// One session following one stream while it grows: commits reach the log first and the session
  /// later, in any interleaving with pages, acks and the opening.
  struct Simulation {
    let following: Followed
    let window: PushWindow.Size
    var random: SplitMix
    var head: UInt64
    var arrived: UInt64
    var told: [UInt64] = []
    var pendingRead: ClosedRange<UInt64>?
    var isOpen = false
    /// The device acks what it has not acked before, never twice; it may have more than this
    /// session was told, or say so.
    var acked: UInt64 = 0
    var has: UInt64
    var awaited: UInt64?
    /// Of each event.
    var sizes: [Int]
    let cursor: UInt64
    let visible: [SeqInterval]

    init(seed: UInt64) {
      random = SplitMix(state: seed)
      window = PushWindow.Size(
        events: 1 + Int(random.next() % 9), bytes: 1 + Int(random.next() % 40))
      following = Followed("group/g", window: window)
      sizes = (0..<2_000).map { _ in 1 }
      for index in sizes.indices where random.next() % 3 == 0 {
        sizes[index] = 1 + Int(random.next() % 50)
      }
      head = random.next() % 60
      arrived = head
      cursor = head == 0 ? 0 : random.next() % (head + 1)
      has = random.next() % 3 == 0 ? random.next() % (head + 9) : 0
      // A past stay that may end before or after the cursor, then the present one.
      let left = random.next() % (head + 1)
      let again = min(head, left + random.next() % 9)
      visible =
        left == 0 || again <= left
        ? [SeqInterval(first: Seq(1), last: nil)]
        : [
          SeqInterval(first: Seq(1), last: Seq(left)), SeqInterval(first: Seq(again), last: nil),
        ]
    }

    func isVisible(_ seq: UInt64) -> Bool { visible.contains { $0.contains(Seq(seq)) } }

    mutating func show(_ seq: UInt64) {
      #expect(isVisible(seq))
      told.append(seq)
      let unacked = told.filter { isVisible($0) && $0 > acked }
      let bytes = unacked.reduce(0) { $0 + sizes[Int($1)] }
      #expect(unacked.count <= window.events)
      #expect(bytes <= window.bytes || unacked.count == 1)
      awaited = nil
    }

    mutating func advance() {
      while true {
        switch following.next(mayRead: random.next() % 8 != 0) {
        case .notVisible(let first, let last):
          for seq in first.rawValue...last.rawValue {
            #expect(!isVisible(seq))
            told.append(seq)
          }
        case .read(let from, let through, let bytesMax):
          #expect(pendingRead == nil && bytesMax > 0)
          pendingRead = from.rawValue...through.rawValue
          return
        case .announce: Issue.record("nobody pulls")
        case .awaitAck(let upTo):
          #expect(awaited == nil, "said twice")
          awaited = upTo.rawValue
          #expect(told.last { isVisible($0) } == awaited && upTo.rawValue > acked)
          return
        case .wait, .live: return
        case .ended: Issue.record("nobody left"); return
        }
      }
    }

    mutating func takePage() {
      guard let range = pendingRead else { return }
      pendingRead = nil
      if random.next() % 8 == 0 {
        following.droppedPage()
        return advance()
      }
      // Of what a page may hold, some; and now and then what there is no room for.
      let last = min(range.upperBound, range.lowerBound + random.next() % 7)
      let page = (range.lowerBound...last).map {
        StreamEvent(
          seq: Seq($0), messageID: .none, bytes: ByteBuffer(repeating: 0, count: sizes[Int($0)]))
      }
      guard let taken = following.took(page) else {
        Issue.record("the page was what follows")
        return
      }
      for event in page.prefix(taken) { show(event.seq.rawValue) }
      advance()
    }

    mutating func arrive() {
      arrived += 1
      let mayPush = random.next() % 6 != 0
      switch following.committed(arrived, bytes: sizes[Int(arrived)], mayPush: mayPush) {
      case .push: show(arrived)
      case .fallBehind: advance()
      case .hold, .drop: break
      case .pushLast, .gap, .withhold, .announce, .announceLast:
        Issue.record("no gap, no leave, no settings")
      }
    }

    mutating func step() {
      switch random.next() % 5 {
      case 0: head += random.next() % 4
      case 1 where arrived < head: arrive()
      case 2 where !isOpen:
        isOpen = true
        following.opened(
          cursor: cursor, head: head, visible: visible)
        advance()
      case 3: takePage()
      default:
        if random.next() % 20 == 0 { has = max(has, random.next() % (head + 9)) }
        // Any of what it has, and not always the last.
        let told = told.last ?? 0
        has = max(has, random.next() % 3 == 0 ? told : min(told, has + random.next() % 3))
        guard isOpen, has > acked else { return advance() }
        acked = has
        following.acked(has)
        advance()
      }
    }
  }

  @Test(
    "what is pushed has neither gap nor duplicate, and all of it is, however commits and acks come",
    arguments: 0..<300)
  func handOver(seed: UInt64) {
    var simulation = Simulation(seed: seed)
    for _ in 0..<400 { simulation.step() }
    for _ in 0..<20_000
    where simulation.arrived < simulation.head || simulation.following.phase != .live {
      let before = simulation.head
      simulation.step()
      simulation.head = before
    }
    #expect(simulation.following.phase == .live)
    #expect(simulation.told == Array((simulation.cursor + 1)..<(simulation.head + 1)))
  }

  private static let whole = [SeqInterval(first: Seq(1), last: nil)]

  @Test("the window slides with any ack, and that it is awaited is said once")
  func anyAck() {
    let following = Followed("user/a")
    following.opened(cursor: 0, head: 9, visible: StreamFollowingTests.whole)
    #expect(following.next() == .read(from: Seq(1), through: Seq(4), bytesMax: 1_000))
    #expect(following.took(1...4, bytes: 100) == 4)
    #expect(following.next() == .awaitAck(upTo: Seq(4)))
    #expect(following.next() == .wait)
    following.acked(1)
    #expect(following.next(mayRead: false) == .wait)
    #expect(following.next() == .read(from: Seq(5), through: Seq(5), bytesMax: 700))
    following.acked(3)
    #expect(following.took(5...5, bytes: 100) == 1)
    #expect(following.next() == .read(from: Seq(6), through: Seq(7), bytesMax: 800))
    #expect(following.took(6...7, bytes: 100) == 2)
    #expect(following.next() == .awaitAck(upTo: Seq(7)))
    following.acked(7)
    #expect(following.next() == .read(from: Seq(8), through: Seq(9), bytesMax: 1_000))
    #expect(following.took(8...9) == 2)
    #expect(following.next() == .live)
  }

  @Test("bytes fill the window as events do, and one that is larger than it comes alone")
  func bytes() {
    let following = Followed("user/a")
    following.opened(cursor: 0, head: 4, visible: StreamFollowingTests.whole)
    _ = following.next()
    #expect(following.took(1...4, bytes: 600) == 1)
    #expect(following.next() == .awaitAck(upTo: Seq(1)))
    following.acked(1)
    _ = following.next()
    // What a large event is in the log, a page always has: one.
    #expect(following.took(2...2, bytes: 5_000) == 1)
    #expect(following.next() == .awaitAck(upTo: Seq(2)))
    following.acked(2)
    _ = following.next()
    #expect(following.took(3...3, bytes: 400) == 1)
    _ = following.next()
    #expect(following.took(4...4, bytes: 601) == 0)
    #expect(following.next() == .awaitAck(upTo: Seq(3)))
    following.acked(3)
    _ = following.next()
    #expect(following.took(4...4, bytes: 601) == 1)
    #expect(following.next() == .live)
  }

  @Test("a live stream without room falls behind, and goes on from the log when an ack comes")
  func behind() {
    let following = Followed("group/g")
    following.opened(cursor: 0, head: 0, visible: StreamFollowingTests.whole)
    #expect(following.next() == .live && following.isFollowed)
    for seq: UInt64 in 1...4 { #expect(following.committed(seq) == .push) }
    #expect(following.committed(5) == .fallBehind)
    #expect(following.next() == .awaitAck(upTo: Seq(4)))
    #expect(following.committed(6) == .hold)
    #expect(following.isFollowed)
    following.acked(2)
    #expect(following.next() == .read(from: Seq(5), through: Seq(6), bytesMax: 998))
    #expect(following.took(5...6) == 2)
    #expect(following.next() == .live)
    following.acked(6)
    // What is in the session's way is in every stream's.
    #expect(following.committed(7, mayPush: false) == .fallBehind)
    #expect(following.next(mayRead: false) == .wait)
    #expect(following.next() == .read(from: Seq(7), through: Seq(7), bytesMax: 1_000))
    following.droppedPage()
    #expect(following.next() == .read(from: Seq(7), through: Seq(7), bytesMax: 1_000))
    #expect(following.took(7...7) == 1)
    #expect(following.next() == .live)
  }

  @Test(
    "a leave that is behind is the last that comes of the group, and nobody is in it meanwhile",
    arguments: [StreamFollowing.Ending.left, .dissolved])
  func endBehind(ending: StreamFollowing.Ending) {
    let following = Followed("group/g")
    following.opened(cursor: 0, head: 0, visible: StreamFollowingTests.whole)
    _ = following.next()
    for seq: UInt64 in 1...4 { _ = following.committed(seq) }
    #expect(following.committed(5, ends: ending) == .fallBehind)
    #expect(!following.isFollowed)
    #expect(following.committed(6) == .hold)
    following.acked(4)
    #expect(following.next() == .read(from: Seq(5), through: Seq(5), bytesMax: 1_000))
    #expect(following.took(5...5) == 1)
    #expect(following.next() == .ended)
    #expect(following.ending == ending && following.closesAt == Seq(5))
  }

  @Test(
    "an ack counts whenever it comes: no later page waits for what was acked already",
    arguments: [UInt64](1...12), [0, 1, 2, 3, 4])
  func ackAtAnyMoment(upTo: UInt64, moment: Int) {
    let following = Followed("user/a")
    var (acked, sent): (UInt64, UInt64) = (0, 0)
    func ack(at due: Int) {
      guard moment == due else { return }
      following.acked(upTo)
      acked = max(acked, upTo)
    }
    ack(at: 0)
    following.opened(cursor: 0, head: 9, visible: StreamFollowingTests.whole)
    ack(at: 1)
    for page in 2... {
      switch following.next() {
      case .read(let from, let through, _):
        #expect(from.rawValue == sent + 1)
        ack(at: page)
        // Four at most, of those that were not acked before.
        let last = min(through.rawValue, from.rawValue + 3)
        sent += UInt64(following.took(from.rawValue...last) ?? 0)
        ack(at: page + 1)
      case .awaitAck(let last):
        #expect(last.rawValue == sent && sent == acked + 4)
        acked = sent
        following.acked(sent)
      case .live:
        #expect(sent == 9)
        return
      default:
        Issue.record("it waits for nothing")
        return
      }
    }
  }

  @Test("a page that isn't what follows is refused", arguments: [2...3, 1...12])
  func tornPage(seqs: ClosedRange<UInt64>) {
    let following = Followed("user/a")
    following.opened(
      cursor: 0, head: 9, visible: [SeqInterval(first: Seq(1), last: nil)])
    _ = following.next()
    #expect(following.took(seqs) == nil)
  }

  @Test(
    "a leave while syncing is the last that is sent, and so is the group's end",
    arguments: [true, false], [StreamFollowing.Ending.left, .dissolved])
  func endInSync(beforeOpening: Bool, ending: StreamFollowing.Ending) {
    let following = Followed("group/g")
    if beforeOpening { #expect(following.committed(5, ends: ending) == .hold) }
    following.opened(
      cursor: 2, head: 4, visible: [SeqInterval(first: Seq(2), last: nil)])
    if !beforeOpening { #expect(following.committed(5, ends: ending) == .hold) }
    #expect(following.committed(6) == .hold)
    guard case .read(Seq(3), let through, _) = following.next() else {
      Issue.record("a page was due")
      return
    }
    #expect(following.took(3...through.rawValue) == 3)
    following.acked(through.rawValue)
    #expect(through == Seq(5))
    #expect(following.next() == .ended)
    #expect(following.ending == ending && following.closesAt == Seq(5))
  }

  @Test(
    "a group that was dissolved is synced to its end, and no further", arguments: [0, 3, 6, 7])
  func dissolvedBefore(cursor: UInt64) {
    let following = Followed("group/g")
    #expect(following.committed(7, ends: .dissolved) == .hold)
    following.opened(
      cursor: cursor, head: 7, visible: [SeqInterval(first: Seq(2), last: Seq(7))])
    var step = following.next()
    if cursor == 0 {
      #expect(step == .notVisible(first: Seq(1), last: Seq(1)))
      step = following.next()
    }
    if cursor < 7 {
      let first = max(2, cursor + 1)
      let last = min(7, first + 3)
      #expect(step == .read(from: Seq(first), through: Seq(last), bytesMax: 1_000))
      #expect(following.took(first...last) == Int(last - first) + 1)
      following.acked(last)
      step = following.next()
      if last < 7 {
        #expect(following.took(last + 1...7) == Int(7 - last))
        step = following.next()
      }
    }
    #expect(step == .ended)
    #expect(following.ending == .dissolved && following.closesAt == Seq(7))
  }

  @Test("the end of a stay before is no end of a mailbox, or of a stay that goes on")
  func openEnds() {
    for (stream, visible) in [
      ("user/a", [SeqInterval(first: Seq(1), last: Seq(3))]),
      (
        "group/g",
        [SeqInterval(first: Seq(1), last: Seq(2)), SeqInterval(first: Seq(3), last: nil)]
      ),
    ] {
      let following = Followed(stream)
      following.opened(cursor: 3, head: 3, visible: visible)
      #expect(following.next() == .live)
      #expect(following.ending == nil)
    }
  }

  @Test(
    "a leave while live is pushed and ends it; a missing event is noticed",
    arguments: [StreamFollowing.Ending.left, .dissolved])
  func live(ending: StreamFollowing.Ending) {
    let following = Followed("group/g")
    following.opened(
      cursor: 4, head: 4, visible: [SeqInterval(first: Seq(2), last: nil)])
    #expect(following.next() == .live)
    #expect(following.committed(4) == .drop)
    #expect(following.committed(6) == .gap)
    #expect(following.committed(5, ends: ending) == .pushLast)
    #expect(following.ending == ending && following.closesAt == Seq(5))
  }

  @Test("a range is cut along what may be seen")
  func ranges() {
    let visible = [
      SeqInterval(first: Seq(3), last: Seq(5)), SeqInterval(first: Seq(9), last: nil),
    ]
    typealias Part = VisibleRanges.Part
    #expect(
      VisibleRanges.head(Seq(1), Seq(20), visible: visible)
        == Part(Seq(1), Seq(2), isVisible: false))
    #expect(
      VisibleRanges.head(Seq(4), Seq(20), visible: visible)
        == Part(Seq(4), Seq(5), isVisible: true))
    #expect(
      VisibleRanges.head(Seq(6), Seq(7), visible: visible)
        == Part(Seq(6), Seq(7), isVisible: false))
    #expect(
      VisibleRanges.head(Seq(9), Seq(20), visible: visible)
        == Part(Seq(9), Seq(20), isVisible: true))
    #expect(
      VisibleRanges.head(Seq(1), Seq(2), visible: []) == Part(Seq(1), Seq(2), isVisible: false))
  }
}
