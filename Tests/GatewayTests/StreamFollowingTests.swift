import DaybookModel
import NIOCore
import Ports
import Testing

@testable import Gateway

/// A `StreamFollowing` behind a reference, so that an expectation may change it.
final class Followed {
  private var value: StreamFollowing
  var phase: StreamFollowing.Phase { value.phase }
  var ending: StreamFollowing.Ending? { value.ending }
  var closesAt: Seq? { value.closesAt }

  init(_ stream: String) { value = StreamFollowing(StreamKey(checked: stream)!) }

  func opened(cursor: UInt64, head: UInt64, visible: [SeqInterval]) {
    value.opened(
      StreamPosition(
        cursor: Seq(cursor), head: Seq(head), resumed: true, visible: visible, groups: []))
  }

  func next() -> StreamFollowing.Step { value.next() }
  func acked(_ upTo: UInt64) { value.acked(Seq(upTo)) }

  func committed(
    _ seq: UInt64, ends: StreamFollowing.Ending? = nil
  ) -> StreamFollowing.Verdict {
    value.committed(Seq(seq), ends: ends)
  }

  func took(_ seqs: ClosedRange<UInt64>) -> Bool {
    value.took(
      page: seqs.map { StreamEvent(seq: Seq($0), messageID: .none, bytes: ByteBuffer()) })
  }
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
    let following = Followed("group/g")
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
    let cursor: UInt64
    let visible: [SeqInterval]

    init(seed: UInt64) {
      random = SplitMix(state: seed)
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

    mutating func advance() {
      while true {
        switch following.next() {
        case .notVisible(let first, let last):
          for seq in first.rawValue...last.rawValue {
            #expect(!isVisible(seq))
            told.append(seq)
          }
        case .read(let from, let through):
          #expect(pendingRead == nil)
          pendingRead = from.rawValue...through.rawValue
          return
        case .wait, .live: return
        case .ended: Issue.record("nobody left"); return
        }
      }
    }

    mutating func step() {
      switch random.next() % 5 {
      case 0: head += random.next() % 4
      case 1 where arrived < head:
        arrived += 1
        switch following.committed(arrived) {
        case .push:
          #expect(isVisible(arrived))
          told.append(arrived)
        case .hold, .drop: break
        case .pushLast, .gap: Issue.record("no gap, no leave")
        }
      case 2 where !isOpen:
        isOpen = true
        following.opened(
          cursor: cursor, head: head, visible: visible)
        advance()
      case 3:
        guard let range = pendingRead else { return }
        pendingRead = nil
        let last = min(range.upperBound, range.lowerBound + random.next() % 7)
        #expect(following.took(range.lowerBound...last))
        for seq in range.lowerBound...last {
          #expect(isVisible(seq))
          told.append(seq)
        }
        advance()
      default:
        if random.next() % 20 == 0 { has = max(has, random.next() % (head + 9)) }
        has = max(has, told.last ?? 0)
        guard isOpen, has > acked else { return }
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

  @Test("the next page waits for the ack of the last one")
  func pagesUnderAcks() {
    let following = Followed("user/a")
    following.opened(
      cursor: 0, head: 9, visible: [SeqInterval(first: Seq(1), last: nil)])
    #expect(following.next() == .read(from: Seq(1), through: Seq(9)))
    #expect(following.took(1...4))
    #expect(following.next() == .wait)
    following.acked(3)
    #expect(following.next() == .wait)
    following.acked(4)
    #expect(following.next() == .read(from: Seq(5), through: Seq(9)))
    #expect(following.took(5...9))
    #expect(following.next() == .live)
  }

  @Test(
    "an ack counts whenever it comes: no later page waits for what was acked already",
    arguments: [UInt64](1...12), [0, 1, 2, 3, 4])
  func ackAtAnyMoment(upTo: UInt64, moment: Int) {
    let following = Followed("user/a")
    if moment == 0 { following.acked(upTo) }
    following.opened(cursor: 0, head: 9, visible: [SeqInterval(first: Seq(1), last: nil)])
    if moment == 1 { following.acked(upTo) }
    var acked = moment < 2 ? upTo : 0
    for last: UInt64 in [4, 8, 9] {
      let first = last == 9 ? 9 : last - 3
      guard following.next() == .read(from: Seq(first), through: Seq(9)) else {
        Issue.record("the page from \(first) on was due")
        return
      }
      if last == 4, moment == 2 {
        following.acked(upTo)
        acked = upTo
      }
      #expect(following.took(first...last))
      if last == 4 && moment == 3 || last == 8 && moment == 4 {
        following.acked(upTo)
        acked = max(acked, upTo)
      }
      guard last < 9, last > acked else { continue }
      #expect(following.next() == .wait)
      following.acked(last)
      acked = last
    }
    #expect(following.next() == .live)
  }

  @Test("a page that isn't what follows is refused", arguments: [2...3, 1...12])
  func tornPage(seqs: ClosedRange<UInt64>) {
    let following = Followed("user/a")
    following.opened(
      cursor: 0, head: 9, visible: [SeqInterval(first: Seq(1), last: nil)])
    _ = following.next()
    #expect(!following.took(seqs))
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
    guard case .read(Seq(3), let through) = following.next() else {
      Issue.record("a page was due")
      return
    }
    #expect(following.took(3...through.rawValue))
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
      #expect(step == .read(from: Seq(max(2, cursor + 1)), through: Seq(7)))
      #expect(following.took(max(2, cursor + 1)...7))
      step = following.next()
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
